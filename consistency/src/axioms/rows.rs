//! Rows of different lengths, one after the other in one vector.

use crate::history::index;

/// Row `r` is what was pushed between the `r`-th and the next [`Rows::close`].
#[derive(Clone, Debug)]
pub(super) struct Rows<T> {
    ends: Vec<u32>,
    items: Vec<T>,
}

impl<T> Rows<T> {
    pub(super) fn with_capacity(rows: usize, items: usize) -> Self {
        let mut ends = Vec::with_capacity(rows + 1);
        ends.push(0);
        Self { ends, items: Vec::with_capacity(items) }
    }

    pub(super) fn push(&mut self, item: T) {
        self.items.push(item);
    }

    /// Ends a row and begins the next.
    pub(super) fn close(&mut self) {
        self.ends.push(index(self.items.len()));
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len() - 1
    }

    pub(super) fn row(&self, row: u32) -> &[T] {
        &self.items[self.span(row)]
    }

    /// Where a row lies among all items.
    pub(super) fn span(&self, row: u32) -> std::ops::Range<usize> {
        let row = row as usize;
        self.ends[row] as usize..self.ends[row + 1] as usize
    }

    pub(super) fn items(&self) -> &[T] {
        &self.items
    }

    pub(super) fn row_mut(&mut self, row: u32) -> &mut [T] {
        let span = self.span(row);
        &mut self.items[span]
    }

    /// The items of the row that is being filled, to be put in order or thinned out.
    pub(super) fn open_mut(&mut self) -> &mut [T] {
        let start = *self.ends.last().expect("rows begin with a zero");
        &mut self.items[start as usize..]
    }

    /// Keeps the first `count` items of the row that is being filled.
    pub(super) fn truncate_open(&mut self, count: usize) {
        let start = *self.ends.last().expect("rows begin with a zero");
        self.items.truncate(start as usize + count);
    }
}

impl<T: Copy> Rows<T> {
    /// Sorts items into rows, those of one row in the order in which they come: `items` is run through twice.
    pub(super) fn grouped<I: Iterator<Item = (u32, T)>>(
        rows: usize,
        items: impl Fn() -> I,
        blank: T,
    ) -> Self {
        let mut ends = vec![0; rows + 1];
        items().for_each(|(row, _)| ends[row as usize + 1] += 1);
        let mut total = 0;
        for end in &mut ends {
            total += *end;
            *end = total;
        }
        let mut next = ends.clone();
        let mut all = vec![blank; total as usize];
        for (row, item) in items() {
            let place = &mut next[row as usize];
            all[*place as usize] = item;
            *place += 1;
        }
        Self { ends, items: all }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grouped_rows_keep_the_order_in_which_items_came() {
        let items = [(2, 'a'), (0, 'b'), (2, 'c'), (0, 'd')];
        let rows = Rows::grouped(3, || items.into_iter(), ' ');
        assert_eq!([0, 1, 2].map(|row| rows.row(row).iter().collect::<String>()), ["bd", "", "ac"]);
        assert_eq!(rows.len(), 3);
    }
}
