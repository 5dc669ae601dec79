//! The text that a collector reads, whole and with hostile names.

use super::*;

fn text(counters: &Counters, numbers: &Numbers) -> String {
    let mut text = String::new();
    prometheus_text::encode(&mut text, &registry(counters, numbers, "uat")).unwrap();
    text
}

#[test]
fn numbers_are_written_as_a_collector_reads_them() {
    let counters = Counters { began: Timestamp::from_second(1_700_000_000).unwrap(), ..Counters::new() };
    counters.phase("apply", Duration::from_millis(1500));
    counters.hook("staging", "taken");
    let ended = |application: &str, outcome, count| (application.to_owned(), "uat".to_owned(), outcome, count);
    let numbers = Numbers {
        ended: vec![ended("kudos", "succeeded", 7), ended("a\"b\\c\nd", "rolled-back", 1)],
        open: 1,
        stuck: 2,
        frozen: vec![("kudos".to_owned(), true), ("shop".to_owned(), false)],
        waiting: 3,
        set_aside: 1,
        oldest: Some(Duration::from_millis(90_500)),
    };
    let text = text(&counters, &numbers);
    for line in [
        "# TYPE windlass_deployments_total counter",
        "windlass_deployments_total{application=\"kudos\",environment=\"uat\",outcome=\"succeeded\"} 7",
        r#"windlass_deployments_total{application="a\"b\\c\nd",environment="uat",outcome="rolled-back"} 1"#,
        "# TYPE windlass_open_deployments gauge",
        "windlass_open_deployments 1",
        "windlass_stuck 2",
        "windlass_frozen{application=\"kudos\"} 1",
        "windlass_frozen{application=\"shop\"} 0",
        "windlass_outbox_events{state=\"waiting\"} 3",
        "windlass_outbox_events{state=\"set-aside\"} 1",
        "windlass_outbox_oldest_age_seconds 90.5",
        "windlass_start_time_seconds 1700000000",
        "# TYPE windlass_deployment_duration_seconds histogram",
        "windlass_deployment_duration_seconds_bucket{phase=\"apply\",le=\"1\"} 0",
        "windlass_deployment_duration_seconds_bucket{phase=\"apply\",le=\"+Inf\"} 1",
        "windlass_deployment_duration_seconds_sum{phase=\"apply\"} 1.5",
        "windlass_hook_requests_total{trigger=\"staging\",answer=\"taken\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    let build = format!("windlass_build_info{{version=\"{}\",environment=\"uat\"}} 1", version());
    assert!(text.lines().any(|found| found == build), "{text}");
}
