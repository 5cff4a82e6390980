//! Faults of the file → faults of the kernel.

use shardlab_models::config::closest;
use shardlab_models::replication::Mode;
use shardlab_models::world::Layout;
use shardlab_sim::{Action, Fault, Target, Trigger};
use shardlab_sim::{Random, Time};

use super::cut::Cutter;
use super::find::Finder;
use super::{Clock, Crash, FaultSpec, Links, MARKS, MembershipSpec, Slow, TargetSpec};
use crate::scenario::Scenario;

/// Why a fault cannot strike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultProblem {
    /// Which fault, by its place in the file.
    pub index: usize,
    /// The setting within it, dotted; empty: the fault as a whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: String,
}

/// The kernel's faults for one seed.
///
/// # Errors
/// Every fault that names nobody, or contradicts itself. Whether there is an error does not depend on the seed.
pub fn convert(scenario: &Scenario, layout: &Layout, seed: u64) -> Result<Vec<Fault>, Vec<FaultProblem>> {
    let shards = scenario.sharding.shards(scenario.cluster.servers);
    let primaries = !matches!(scenario.replication.mode, Mode::MultiMaster { .. });
    let finder = Finder { layout, regions: &scenario.cluster.regions, shards, primaries };
    let (mut faults, mut problems) = (Vec::new(), Vec::new());
    for (index, spec) in scenario.fault.iter().enumerate() {
        let random = Random::new(seed, "partition", index as u64);
        match (Converter { finder, warmup: scenario.warmup.as_ns(), random }).fault(spec, index) {
            Ok(fault) => faults.extend(fault),
            Err(problem) => problems.push(FaultProblem { index, ..problem }),
        }
    }
    if problems.is_empty() { Ok(faults) } else { Err(problems) }
}

struct Converter<'a> {
    finder: Finder<'a>,
    warmup: Time,
    random: Random,
}

pub(super) fn problem(path: &str, message: impl Into<String>, help: &str) -> FaultProblem {
    FaultProblem { index: 0, path: path.into(), message: message.into(), help: help.into() }
}

/// What can be done about a target that does not exist.
pub(super) const TARGET_HELP: &str = "name a node that the cluster has, or add one to `[cluster]`";

impl Converter<'_> {
    /// The kernel's fault; none for a command to the control plane that strikes no machine.
    fn fault(&mut self, spec: &FaultSpec, index: usize) -> Result<Option<Fault>, FaultProblem> {
        if let ["membership" | "isolate" | "split"] = spec.actions()[..] {
            return check_command(spec).and_then(|()| self.loss(spec, index));
        }
        Ok(Some(Fault {
            name: spec.label(index),
            trigger: self.trigger(spec)?,
            duration: duration(spec)?.map(|duration| duration.as_ns()),
            action: self.action(spec)?,
        }))
    }

    /// What a command does to machines: the loss of one stops it for ever.
    fn loss(&self, spec: &FaultSpec, index: usize) -> Result<Option<Fault>, FaultProblem> {
        let Some(MembershipSpec::Lose(TargetSpec::Server(number))) = spec.membership else { return Ok(None) };
        // Whether there is such a server is the configuration's to check, with the others that come and go.
        let Some(&server) = self.finder.layout.servers.get(number as usize) else { return Ok(None) };
        Ok(Some(Fault {
            name: format!("{}: machine", spec.label(index)),
            trigger: self.trigger(spec)?,
            duration: None,
            action: Action::Lose { target: Target::Nodes(vec![server]) },
        }))
    }

    fn trigger(&self, spec: &FaultSpec) -> Result<Trigger, FaultProblem> {
        match (&spec.at, &spec.when) {
            (Some(_), Some(_)) => Err(problem(
                "when",
                "a fault strikes either `at` a time or `when` a step is reached",
                "remove one",
            )),
            (None, None) => Err(problem(
                "",
                "this fault never strikes",
                "add `at = \"20s\"` or `when = \"2pc.prepared\"`",
            )),
            (Some(_), None) if spec.nth.is_some() => Err(problem(
                "nth",
                "`nth` counts occurrences of a step, but this fault has none",
                "use `when`",
            )),
            (Some(at), None) => Ok(Trigger::At(at.as_ns())),
            (None, Some(_)) if spec.nth == Some(0) => {
                Err(problem("nth", "occurrences are counted from one", "write `nth = 1` for the first"))
            }
            (None, Some(mark)) if !MARKS.iter().any(|(known, _)| known == mark) => Err(unknown_mark(mark)),
            (None, Some(mark)) => {
                let nth = spec.nth.unwrap_or(1);
                Ok(Trigger::When { mark: mark.clone(), nth, not_before: self.warmup })
            }
        }
    }

    fn action(&mut self, spec: &FaultSpec) -> Result<Action, FaultProblem> {
        const KINDS: &str = "give each fault one of `partition`, `cut`, `crash`, `pause`, `slow`, `links`, `clock`, `membership`, `isolate` and `split`";
        match spec.actions()[..] {
            [] => return Err(problem("", "this fault does nothing", KINDS)),
            [_] => {}
            [_, second, ..] => {
                return Err(problem(second, "a fault does one thing, and this one does several", KINDS));
            }
        }
        if let Some(partition) = &spec.partition {
            return Cutter { finder: self.finder, random: &mut self.random }.partition(partition);
        }
        if let Some(cut) = &spec.cut {
            return Cutter { finder: self.finder, random: &mut self.random }.cut(cut);
        }
        let mut target = |path: &str, target: &TargetSpec| self.target(spec, path, target);
        match spec {
            FaultSpec { crash: Some(Crash { target: whom, keep_unsynced, .. }), .. } => {
                Ok(Action::Crash { target: target("crash.target", whom)?, keep_unsynced: *keep_unsynced })
            }
            FaultSpec { pause: Some(pause), .. } => {
                Ok(Action::Pause { target: target("pause.target", &pause.target)? })
            }
            FaultSpec { slow: Some(slow), .. } => slow_down(slow, target("slow.target", &slow.target)?),
            FaultSpec { links: Some(links), .. } => degrade(links, target("links.target", &links.target)?),
            FaultSpec { clock: Some(clock), .. } => jump(clock, target("clock.target", &clock.target)?),
            _ => unreachable!("exactly one action was counted above"),
        }
    }

    fn target(&mut self, spec: &FaultSpec, path: &str, target: &TargetSpec) -> Result<Target, FaultProblem> {
        if *target == TargetSpec::Marker && spec.when.is_none() {
            return Err(problem(
                path,
                "nobody marks anything at a fixed time",
                "use `when`, or name a target",
            ));
        }
        let found = self
            .finder
            .target(target, &mut self.random)
            .map_err(|message| problem(path, message, TARGET_HELP))?;
        match &found {
            Target::Nodes(nodes) if nodes.is_empty() => {
                Err(problem(path, format!("`{target}` is nobody in this cluster"), TARGET_HELP))
            }
            _ => Ok(found),
        }
    }
}

/// Whether servers can come and go as the fault says; whether these can is the configuration's to check.
fn check_command(spec: &FaultSpec) -> Result<(), FaultProblem> {
    if spec.at.is_none() || spec.when.is_some() || spec.nth.is_some() {
        let path = if spec.when.is_some() { "when" } else { "" };
        let message = "an operator gives a command at a fixed time";
        return Err(problem(path, message, "say when: `at = \"20s\"`"));
    }
    if spec.lasts.is_some() {
        let message = "what an operator has ordered is not taken back by itself";
        return Err(problem("for", message, "remove `for`, and write another fault that takes it back"));
    }
    if let Some(server) = spec.isolate.as_ref().and_then(|isolate| isolate.server.as_ref())
        && server.server().is_none()
    {
        let message = format!("`{server}` may be anyone; a tenant is moved to one server");
        return Err(problem("isolate.server", message, "name it: `server = \"server 3\"`"));
    }
    match &spec.membership {
        Some(MembershipSpec::Remove(target)) if !matches!(target, TargetSpec::Server(_)) => {
            let message = format!("`{target}` may be anyone; the operator removes one server");
            Err(problem("membership.remove", message, "name it: `remove = \"server 3\"`"))
        }
        Some(MembershipSpec::Lose(target)) if !matches!(target, TargetSpec::Server(_)) => {
            let message = format!("`{target}` may be anyone; the operator says which server is lost");
            Err(problem("membership.lose", message, "name it: `lose = \"server 3\"`"))
        }
        Some(MembershipSpec::Reweight(of)) if !matches!(of.server, TargetSpec::Server(_)) => {
            let message = format!("`{}` may be anyone; the operator weighs one server anew", of.server);
            Err(problem("membership.reweight.server", message, "name it: `server = \"server 3\"`"))
        }
        Some(MembershipSpec::Reweight(of)) if of.thousandths().is_none() => {
            let message = format!("a server cannot bear {} times as much as others", of.weight);
            Err(problem("membership.reweight.weight", message, "give a factor from 0 to 1000"))
        }
        _ => Ok(()),
    }
}

fn duration(spec: &FaultSpec) -> Result<Option<shardlab_sim::Duration>, FaultProblem> {
    let restart = spec.crash.as_ref().and_then(|crash| crash.restart);
    if restart.is_some() && spec.lasts.is_some() {
        let message = "`for` and `restart` both say how long the process stays down";
        return Err(problem("crash.restart", message, "remove one"));
    }
    let lasts = restart.or(spec.lasts);
    if lasts.is_some_and(|lasts| lasts.as_ns() == 0) {
        let path = if restart.is_some() { "crash.restart" } else { "for" };
        return Err(problem(
            path,
            "a fault that lasts no time changes nothing",
            "give it a span, such as \"5s\"",
        ));
    }
    Ok(lasts)
}

fn unknown_mark(mark: &str) -> FaultProblem {
    let known: Vec<&str> = MARKS.iter().map(|(known, _)| *known).collect();
    let help = match closest(mark, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known steps: `{}`", known.join("`, `")),
    };
    problem("when", format!("no protocol has a step `{mark}`"), &help)
}

fn slow_down(slow: &Slow, target: Target) -> Result<Action, FaultProblem> {
    // A million times slower turns a microsecond into a second; more is a pause.
    if !(1.001..=1e6).contains(&slow.factor) {
        let message = format!("a factor of {} does not slow anything down", slow.factor);
        return Err(problem("slow.factor", message, "give a factor above 1 and up to 1000000"));
    }
    let factor_thousandths = (slow.factor * 1_000.0).round() as u64;
    Ok(Action::Slow { target, factor_thousandths })
}

fn degrade(links: &Links, target: Target) -> Result<Action, FaultProblem> {
    let (loss_ppb, duplicate_ppb, delay_ns) =
        (links.loss.as_ppb(), links.duplicate.as_ppb(), links.delay.as_ns());
    if loss_ppb == 0 && duplicate_ppb == 0 && delay_ns == 0 {
        return Err(problem(
            "links",
            "these links are as good as before",
            "add `loss`, `duplicate` or `delay`",
        ));
    }
    Ok(Action::Links { target, loss_ppb, duplicate_ppb, delay_ns })
}

fn jump(clock: &Clock, target: Target) -> Result<Action, FaultProblem> {
    let by_ns = i64::try_from(clock.jump.as_ns());
    let by_ns =
        by_ns.map_err(|_| problem("clock.jump", "no clock jumps that far", "give a span below 292 years"))?;
    if by_ns == 0 {
        return Err(problem(
            "clock.jump",
            "a jump of nothing changes nothing",
            "give a span, such as \"500ms\"",
        ));
    }
    Ok(Action::ClockJump { target, by_ns: if clock.backward { -by_ns } else { by_ns } })
}
