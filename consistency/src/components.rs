//! Strongly connected components with explicit stacks: Pearce's form of Tarjan's algorithm (Pearce 2016, "A
//! space-efficient algorithm for finding strongly connected components").

/// What can be searched: nodes numbered from 0, the edges of each numbered from 0.
pub(crate) trait Digraph {
    fn nodes(&self) -> usize;
    /// The end of a node's edge, `None` beyond the last. An edge that does not count ends where it began.
    fn end(&self, node: u32, edge: u32) -> Option<u32>;
}

/// The components of more than one node, each ascending. Nodes are tried from the last one down: where most edges lead
/// to later nodes, as in a history, the search stays shallow and near.
pub(crate) fn strong_components(graph: &impl Digraph) -> Vec<Vec<u32>> {
    search(graph).found
}

/// For each node a number: no way leads from a node to one of a lower number. Nodes of one component have the same.
pub(crate) fn topological_order(graph: &impl Digraph) -> Vec<u32> {
    search(graph).marks
}

fn search(graph: &impl Digraph) -> Search {
    let nodes = graph.nodes();
    let mut search = Search {
        index: 1,
        component: u32::MAX,
        marks: vec![0; nodes],
        waiting: Vec::new(),
        found: Vec::new(),
    };
    for root in (0..nodes as u32).rev() {
        if search.marks[root as usize] == 0 {
            search.run(graph, root);
        }
    }
    search
}

struct Search {
    /// The next visit's number, from 1.
    index: u32,
    /// The next component's number: counted down from above, so that a finished node's mark is above all visits.
    component: u32,
    /// For each node: 0 unvisited, else the lowest visit it reaches, or its component once that is complete.
    marks: Vec<u32>,
    /// Visited nodes whose component is not complete.
    waiting: Vec<u32>,
    found: Vec<Vec<u32>>,
}

/// A node under way.
struct Frame {
    node: u32,
    edge: u32,
    is_root: bool,
}

impl Search {
    fn run(&mut self, graph: &impl Digraph, root: u32) {
        let mut frames = vec![self.enter(root)];
        while let Some(frame) = frames.last_mut() {
            match self.advance(graph, frame) {
                Some(unvisited) => frames.push(self.enter(unvisited)),
                None => {
                    let done = frames.pop().expect("the frame is there");
                    self.leave(&done);
                }
            }
        }
    }

    fn enter(&mut self, node: u32) -> Frame {
        self.marks[node as usize] = self.index;
        self.index += 1;
        Frame { node, edge: 0, is_root: true }
    }

    /// Follows a node's edges up to the first that leads to an unvisited one; that edge is looked at again afterwards.
    fn advance(&mut self, graph: &impl Digraph, frame: &mut Frame) -> Option<u32> {
        let mut lowest = self.marks[frame.node as usize];
        while let Some(end) = graph.end(frame.node, frame.edge) {
            let mark = self.marks[end as usize];
            if mark == 0 {
                self.marks[frame.node as usize] = lowest;
                return Some(end);
            }
            if mark < lowest {
                lowest = mark;
                frame.is_root = false;
            }
            frame.edge += 1;
        }
        self.marks[frame.node as usize] = lowest;
        None
    }

    fn leave(&mut self, frame: &Frame) {
        if !frame.is_root {
            return self.waiting.push(frame.node);
        }
        let mark = self.marks[frame.node as usize];
        let own = self.waiting.iter().rev().take_while(|&&node| self.marks[node as usize] >= mark).count();
        let mut members = self.waiting.split_off(self.waiting.len() - own);
        members.push(frame.node);
        members.iter().for_each(|&node| self.marks[node as usize] = self.component);
        self.component -= 1;
        if own > 0 {
            members.sort_unstable();
            self.found.push(members);
        }
    }
}

#[cfg(test)]
mod tests {
    use petgraph::algo::tarjan_scc;
    use petgraph::graph::DiGraph;
    use proptest::prelude::*;

    use super::*;

    struct Lists(Vec<Vec<u32>>);

    impl Digraph for Lists {
        fn nodes(&self) -> usize {
            self.0.len()
        }

        fn end(&self, node: u32, edge: u32) -> Option<u32> {
            self.0[node as usize].get(edge as usize).copied()
        }
    }

    fn graph(nodes: usize, pairs: &[(u32, u32)]) -> Lists {
        let mut lists = vec![Vec::new(); nodes];
        pairs.iter().for_each(|&(from, to)| lists[from as usize].push(to));
        Lists(lists)
    }

    fn ours(nodes: usize, pairs: &[(u32, u32)]) -> Vec<Vec<u32>> {
        let mut found = strong_components(&graph(nodes, pairs));
        found.sort();
        found
    }

    fn theirs(nodes: usize, pairs: &[(u32, u32)]) -> Vec<Vec<u32>> {
        let mut graph = DiGraph::<(), ()>::new();
        let names: Vec<_> = (0..nodes).map(|_| graph.add_node(())).collect();
        for &(from, to) in pairs {
            graph.add_edge(names[from as usize], names[to as usize], ());
        }
        let mut found: Vec<Vec<u32>> = tarjan_scc(&graph)
            .into_iter()
            .filter(|members| members.len() > 1)
            .map(|members| members.into_iter().map(|node| node.index() as u32).collect())
            .collect();
        found.iter_mut().for_each(|members| members.sort_unstable());
        found.sort();
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn components_are_those_that_petgraph_finds(
            pairs in proptest::collection::vec((0_u32..24, 0_u32..24), 0..60),
        ) {
            prop_assert_eq!(ours(24, &pairs), theirs(24, &pairs));
        }
    }

    #[test]
    fn a_cycle_of_a_million_nodes_overflows_no_stack() {
        let nodes = 1_000_000;
        let pairs: Vec<(u32, u32)> = (0..nodes).map(|node| (node, (node + 1) % nodes)).collect();
        assert_eq!(ours(nodes as usize, &pairs).iter().map(Vec::len).collect::<Vec<_>>(), [1_000_000]);
    }

    #[test]
    fn a_node_has_a_lower_number_than_what_it_leads_to_unless_there_is_a_way_back() {
        let order = topological_order(&graph(4, &[(3, 1), (1, 0), (0, 1), (1, 2), (3, 2)]));
        assert!(order[3] < order[1] && order[1] == order[0] && order[1] < order[2], "{order:?}");
    }
}
