//! What must hold of every resolver, tried on states that copies can come to.

use proptest::prelude::*;
use shardlab_sim::NodeId;

use super::*;

const ALL: [Conflict; 3] = [Conflict::LastWriterWins, Conflict::Siblings, Conflict::HighestNode];

/// One step in the life of three copies of a key.
#[derive(Clone, Debug)]
enum Act {
    /// A copy takes a write whose client has read there, or has not.
    Write { copy: usize, blind: bool, timestamp: u64 },
    /// One copy takes what another knows.
    Merge { from: usize, to: usize },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let write = (0_usize..3, any::<bool>(), 0_u64..6).prop_map(|(copy, blind, timestamp)| Act::Write {
        copy,
        blind,
        timestamp,
    });
    let merge = (0_usize..3, 0_usize..3).prop_map(|(from, to)| Act::Merge { from, to });
    prop::collection::vec(prop_oneof![write, merge], 0..24)
}

fn write(state: &mut KeyState, copy: usize, blind: bool, timestamp: u64, conflict: Conflict) {
    let past =
        if blind && conflict.keeps_siblings() { VersionVector::default() } else { state.seen().clone() };
    let dot = state.next_dot(NodeId(u32::try_from(copy).unwrap()));
    let value = u64::from(dot.node.0) << 32 | u64::from(dot.counter);
    state.take(Version { dot, past, timestamp, value, value_bytes: 1 }, &conflict);
}

fn lived(acts: &[Act], conflict: Conflict) -> [KeyState; 3] {
    let mut copies: [KeyState; 3] = Default::default();
    for act in acts {
        match *act {
            Act::Write { copy, blind, timestamp } => {
                write(&mut copies[copy], copy, blind, timestamp, conflict)
            }
            Act::Merge { from, to } => {
                let state = copies[from].clone();
                copies[to].merge(&state, &conflict);
            }
        }
    }
    copies
}

fn merged(a: &KeyState, b: &KeyState, conflict: Conflict) -> KeyState {
    let mut a = a.clone();
    a.merge(b, &conflict);
    a
}

proptest! {
    #[test]
    fn merging_is_commutative_associative_and_idempotent(acts in acts()) {
        for conflict in ALL {
            let [a, b, c] = lived(&acts, conflict);
            let merge = |a: &KeyState, b: &KeyState| merged(a, b, conflict);
            prop_assert_eq!(merge(&a, &b), merge(&b, &a), "{:?}", conflict);
            prop_assert_eq!(merge(&merge(&a, &b), &c), merge(&a, &merge(&b, &c)), "{:?}", conflict);
            prop_assert_eq!(&merge(&a, &a), &a, "{:?}", conflict);
        }
    }

    /// A copy that has seen all that another has need not listen to it.
    #[test]
    fn who_has_seen_more_learns_nothing(acts in acts()) {
        for conflict in ALL {
            let copies = lived(&acts, conflict);
            for (a, b) in [(0, 1), (1, 2), (2, 0)].map(|(a, b)| (&copies[a], &copies[b])) {
                if a.seen().dominates(b.seen()) {
                    prop_assert_eq!(&merged(a, b, conflict), a, "{:?}", conflict);
                }
            }
        }
    }

    /// Dotted version vectors and their sets agree: what the other has seen and not kept, it has superseded (Almeida
    /// et al. 2014, *sync*).
    #[test]
    fn siblings_keep_what_both_have_or_the_other_has_not_seen(acts in acts()) {
        let [a, b, _] = lived(&acts, Conflict::Siblings);
        let kept_by = |state: &KeyState, dot| state.versions().iter().any(|version| version.dot == dot);
        let survives = |mine: &KeyState, other: &KeyState, dot| kept_by(mine, dot) && (kept_by(other, dot) || !other.seen().covers(dot));
        let both = merged(&a, &b, Conflict::Siblings);
        for version in a.versions().iter().chain(b.versions()) {
            let expected = survives(&a, &b, version.dot) || survives(&b, &a, version.dot);
            prop_assert_eq!(kept_by(&both, version.dot), expected);
        }
    }

    /// With siblings, whatever was seen is kept or in the past of something that is.
    #[test]
    fn siblings_forget_nothing(acts in acts()) {
        let reads_first = |act: Act| match act {
            Act::Write { copy, timestamp, .. } => Act::Write { copy, blind: false, timestamp },
            merge @ Act::Merge { .. } => merge,
        };
        let acts: Vec<Act> = acts.into_iter().map(reads_first).collect();
        for state in lived(&acts, Conflict::Siblings) {
            for last in state.seen().iter() {
                for counter in 1..=last.counter {
                    let dot = Dot { counter, ..last };
                    let has = |version: &Version| version.dot == dot || version.past.covers(dot);
                    prop_assert!(state.versions().iter().any(has), "{:?} of {:?}", dot, state);
                }
            }
        }
    }

    #[test]
    fn only_siblings_keep_several(acts in acts()) {
        for conflict in [Conflict::LastWriterWins, Conflict::HighestNode] {
            prop_assert!(lived(&acts, conflict).iter().all(|state| state.versions().len() <= 1));
        }
    }
}

fn values(state: &KeyState) -> Vec<u32> {
    state.versions().iter().map(|version| version.dot.node.0 * 10 + version.dot.counter).collect()
}

#[test]
fn a_write_from_behind_a_slow_clock_is_seen_and_not_kept() {
    let mut state = KeyState::default();
    write(&mut state, 1, false, 200, Conflict::LastWriterWins);
    write(&mut state, 2, false, 100, Conflict::LastWriterWins);
    assert_eq!(values(&state), [11]);
    assert!(state.seen().covers(Dot { node: NodeId(2), counter: 1 }), "its dot is not given away again");
    write(&mut state, 2, false, 201, Conflict::LastWriterWins);
    assert_eq!(values(&state), [22]);
}

#[test]
fn two_clients_that_have_not_seen_each_other_are_siblings_at_one_node_too() {
    let mut state = KeyState::default();
    write(&mut state, 1, true, 0, Conflict::Siblings);
    write(&mut state, 1, true, 0, Conflict::Siblings);
    assert_eq!(values(&state), [11, 12]);
    assert_eq!(state.context().merged.len(), 2);
    write(&mut state, 1, false, 0, Conflict::Siblings);
    assert_eq!(values(&state), [13], "a client that had both in hand replaces both");
}

/// The order of the module's documentation: nodes a > c > b, where b is made in sight of a and c of neither.
#[test]
fn the_causally_later_else_the_higher_node_would_depend_on_who_comes_first() {
    struct Naive;
    impl Resolver for Naive {
        fn supersedes(&self, newer: &Version, older: &Version) -> bool {
            let concurrent = newer.is_concurrent_with(older);
            newer.past.covers(older.dot) || (concurrent && newer.dot.node > older.dot.node)
        }
        fn clock_bytes(&self, _: &KeyState) -> u64 {
            0
        }
    }
    fn outcomes(resolver: &impl Resolver) -> Vec<Vec<u32>> {
        let [mut a, mut b, mut c]: [KeyState; 3] = Default::default();
        let take = |state: &mut KeyState, node: u32| {
            let (dot, past) = (state.next_dot(NodeId(node)), state.seen().clone());
            state.take(Version { dot, past, timestamp: 0, value: 1, value_bytes: 1 }, resolver);
        };
        take(&mut a, 3);
        b.merge(&a, resolver);
        take(&mut b, 1);
        take(&mut c, 2);
        let orders = [[&a, &b, &c], [&b, &c, &a], [&c, &a, &b]];
        let merged = |states: [&KeyState; 3]| {
            let mut all = KeyState::default();
            states.into_iter().for_each(|state| all.merge(state, resolver));
            values(&all)
        };
        orders.map(merged).to_vec()
    }
    let naive = outcomes(&Naive);
    assert!(naive.iter().any(|outcome| *outcome != naive[0]), "{naive:?}");
    assert_eq!(outcomes(&HighestNode), vec![vec![11]; 3], "b has an event behind it");
}
