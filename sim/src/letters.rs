//! Messages on their way: written once into a slot at the send, read once by the handler.

use crate::node::NodeId;
use crate::time::Time;

/// Where a letter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On its way, with a key in the queue.
    Flying,
    /// On its way and bound for a link that holds messages: it may have to wait on arrival.
    Gated,
    /// Arrived at a link that holds messages; no key.
    Held,
    /// Lost on its way; the slot is freed when its key comes up.
    Lost,
    /// Waits for a core; no key.
    Queued,
    /// On a core, with a key for the completion.
    Serving,
    /// Its event came up during a pause; no key in the queue.
    Deferred,
    /// The slot is free.
    Free,
}

#[derive(Clone, Debug)]
struct Letter<M> {
    from: NodeId,
    to: NodeId,
    place: Place,
    message: Option<M>,
}

/// A slab of letters; a freed slot is used again, the last one first, while it is still in the cache.
#[derive(Clone, Debug)]
pub(crate) struct Letters<M> {
    slots: Vec<Letter<M>>,
    free: Vec<u32>,
    /// How long a letter on a core had waited; apart, since most letters need no core.
    waits: Vec<Time>,
}

impl<M> Letters<M> {
    pub const fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), waits: Vec::new() }
    }

    // Two engines call it, and it belongs into each.
    #[inline(always)]
    pub fn post(&mut self, from: NodeId, to: NodeId, place: Place, message: M) -> u32 {
        let letter = Letter { from, to, place, message: Some(message) };
        if let Some(index) = self.free.pop() {
            self.slots[index as usize] = letter;
            return index;
        }
        self.slots.push(letter);
        self.slots.len() as u32 - 1
    }

    /// Takes a letter out of its slot.
    #[inline]
    pub fn open(&mut self, index: u32) -> (NodeId, M) {
        let letter = &mut self.slots[index as usize];
        letter.place = Place::Free;
        self.free.push(index);
        (letter.from, letter.message.take().expect("a letter is opened once"))
    }

    /// Frees a slot unread.
    pub fn discard(&mut self, index: u32) {
        let _ = self.open(index);
    }

    /// Has a letter fetched into the cache, if there is one of this number.
    #[inline]
    pub fn fetch(&self, index: u32) {
        let letter = self.slots.get(index as usize);
        std::hint::black_box(letter.map(|letter| letter.place));
    }

    #[inline]
    pub fn address(&self, index: u32) -> (NodeId, NodeId) {
        let letter = &self.slots[index as usize];
        (letter.from, letter.to)
    }

    #[inline]
    pub fn place(&self, index: u32) -> Place {
        self.slots[index as usize].place
    }

    #[inline]
    pub fn move_to(&mut self, index: u32, place: Place) {
        self.slots[index as usize].place = place;
    }

    #[inline]
    pub fn message(&self, index: u32) -> &M {
        self.slots[index as usize].message.as_ref().expect("a letter under way has its message")
    }

    /// How long the letter waited for the core it is on.
    pub fn waited(&self, index: u32) -> Time {
        self.waits[index as usize]
    }

    pub fn note_wait(&mut self, index: u32, waited: Time) {
        if self.waits.len() < self.slots.len() {
            self.waits.resize(self.slots.len(), 0);
        }
        self.waits[index as usize] = waited;
    }

    /// Every letter under way, with sender, receiver and place.
    pub fn under_way(&self) -> impl Iterator<Item = (u32, NodeId, NodeId, Place)> {
        let numbered = self.slots.iter().zip(0_u32..);
        numbered.filter(|(l, _)| l.place != Place::Free).map(|(l, index)| (index, l.from, l.to, l.place))
    }
}
