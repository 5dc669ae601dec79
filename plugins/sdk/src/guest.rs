//! Between the generated code and the traits: parses, calls, converts. Called by what [`export!`](crate::export) writes.

use std::sync::Once;

use serde_json::{Value, json};

pub use crate::bindings::imports::windlass::plugin::common as wit;
pub use crate::bindings::imports::windlass::plugin::context::Ctx;
use crate::documents::{Event, Finding, Release, Report, Step, Verdict};
use crate::{Check, Config, Context, Error, Recorder, Result, Smoke, Strategy, log};

/// What exported functions return.
pub type GuestResult<T> = std::result::Result<T, wit::Failure>;

/// A panic becomes a line in the deployment's log before the sandbox traps; the default text still goes to stderr.
fn report_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let default = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            log::error(format!("{panic}"));
            default(panic);
        }));
    });
}

/// The answer of `describe`.
#[must_use]
pub fn describe<C: Config>(summary: &str, example: &str) -> String {
    report_panics();
    json!({ "config": schemars::schema_for!(C), "summary": summary, "example": example }).to_string()
}

/// The answer of `validate-config`.
pub fn validate<C: Config>(config: &str, validate: fn(&C) -> Result<()>) -> GuestResult<()> {
    report_panics();
    parse_config(config).and_then(|config| validate(&config)).map_err(Error::into_wit)
}

fn parse_config<C: Config>(text: &str) -> Result<C> {
    // As a value first: errors of a value name no line and column, which would be of a text that no person wrote.
    let read = |text: &str| serde_json::from_str::<Value>(text).and_then(serde_json::from_value);
    // A plugin without a `with` table may have the unit type, which is null in JSON.
    read(text)
        .or_else(|error| if text == "{}" { read("null").map_err(|_| error) } else { Err(error) })
        .map_err(|error| Error::config(format!("the `with` table does not fit: {error}")))
}

fn call<C: Config, T>(context: &Ctx, call: impl FnOnce(&Context<'_>, &C) -> Result<T>) -> GuestResult<T> {
    report_panics();
    parse_config(&context.config()).and_then(|config| call(&Context::new(context), &config)).map_err(Error::into_wit)
}

fn parse<T: serde::de::DeserializeOwned>(what: &str, text: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|error| Error::new("invalid-argument", format!("cannot read the {what}: {error}")))
}

/// `check.run`.
pub fn check<P: Check>(context: &Ctx) -> GuestResult<wit::Report> {
    call(context, P::run).map(report)
}

/// `smoke.run`.
pub fn smoke<P: Smoke>(context: &Ctx) -> GuestResult<wit::Report> {
    call(context, P::run).map(report)
}

/// `strategy.observe`.
pub fn observe<P: Strategy>(context: &Ctx) -> GuestResult<String> {
    call(context, |context, config| Ok(serde_json::to_string(&P::observe(context, config)?)?))
}

/// `strategy.plan`.
pub fn plan<P: Strategy>(context: &Ctx) -> GuestResult<String> {
    call(context, |context, config| Ok(serde_json::to_string(&P::plan(context, config)?)?))
}

/// `strategy.apply`.
pub fn apply<P: Strategy>(context: &Ctx, step: &str) -> GuestResult<String> {
    call(context, |context, config| {
        let step: Step = parse("step", step)?;
        Ok(P::apply(context, config, &step)?.to_string())
    })
}

/// `strategy.undo`.
pub fn undo<P: Strategy>(context: &Ctx, step: &str, output: Option<&str>) -> GuestResult<()> {
    call(context, |context, config| {
        let step: Step = parse("step", step)?;
        let output: Option<Value> = output.map(|output| parse("output of the step", output)).transpose()?;
        P::undo(context, config, &step, output.as_ref())
    })
}

/// `strategy.verify`.
pub fn verify<P: Strategy>(context: &Ctx) -> GuestResult<wit::Report> {
    call(context, P::verify).map(report)
}

/// `strategy.missing`.
pub fn missing<P: Strategy>(context: &Ctx) -> GuestResult<Vec<String>> {
    call(context, P::missing)
}

/// `strategy.prune`.
pub fn prune<P: Strategy>(context: &Ctx, kept: &str) -> GuestResult<Vec<String>> {
    call(context, |context, config| {
        let kept: Vec<Release> = parse("kept releases", kept)?;
        P::prune(context, config, &kept)
    })
}

/// `recorder.deliver`.
pub fn deliver<P: Recorder>(context: &Ctx, event: &str) -> GuestResult<Option<String>> {
    call(context, |context, config| {
        let event: Event = parse("event", event)?;
        Ok(P::deliver(context, config, &event)?.map(|facts| facts.to_string()))
    })
}

fn report(report: Report) -> wit::Report {
    wit::Report {
        verdict: verdict(report.verdict),
        summary: report.summary,
        findings: report.findings.into_iter().map(finding).collect(),
        data: report.data.map(|data| data.to_string()),
    }
}

fn finding(finding: Finding) -> wit::Finding {
    wit::Finding {
        id: finding.id,
        verdict: verdict(finding.verdict),
        title: finding.title,
        remedy: finding.remedy,
        evidence: finding.evidence.map(|evidence| evidence.to_string()),
    }
}

fn verdict(verdict: Verdict) -> wit::Verdict {
    match verdict {
        Verdict::Pass => wit::Verdict::Pass,
        Verdict::Warn => wit::Verdict::Warn,
        Verdict::Fail => wit::Verdict::Fail,
        Verdict::Inconclusive => wit::Verdict::Inconclusive,
        Verdict::Pending => wit::Verdict::Pending,
    }
}
