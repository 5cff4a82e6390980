use serde::Deserialize;

use super::Distribution;

#[derive(Debug, Deserialize, serde::Serialize)]
struct File {
    latency: Distribution,
}

fn read(value: &str) -> Result<Distribution, String> {
    let file: File = toml::from_str(&format!("latency = {value}")).map_err(|e| e.message().to_string())?;
    file.latency.validate()?;
    Ok(file.latency)
}

#[test]
fn every_family_reads_and_writes_itself() {
    for (text, json) in [
        ("\"80us\"", r#""80us""#),
        (
            "{ uniform = { low = \"0.5ms\", high = \"1.5ms\" } }",
            r#"{"uniform":{"low":"500us","high":"1.5ms"}}"#,
        ),
        ("{ exponential = { mean = \"1ms\" } }", r#"{"exponential":{"mean":"1ms"}}"#),
        (
            "{ lognormal = { median = \"1ms\", p99 = \"8ms\" } }",
            r#"{"lognormal":{"median":"1ms","p99":"8ms"}}"#,
        ),
        ("{ pareto = { scale = \"1ms\", shape = 2.5 } }", r#"{"pareto":{"scale":"1ms","shape":2.5}}"#),
        (
            "{ mixture = [{ weight = 9, of = \"1ms\" }, { weight = 1, of = { exponential = { mean = \"1s\" } } }] }",
            r#"{"mixture":[{"weight":9.0,"of":"1ms"},{"weight":1.0,"of":{"exponential":{"mean":"1s"}}}]}"#,
        ),
        (
            "{ empirical = [[0.5, \"1ms\"], [\"100%\", \"2ms\"]] }",
            r#"{"empirical":[[0.5,"1ms"],[1.0,"2ms"]]}"#,
        ),
    ] {
        let distribution = read(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        let written = serde_json::to_string(&distribution).unwrap();
        assert_eq!(written, json, "{text}");
        assert_eq!(serde_json::from_str::<Distribution>(&written).unwrap(), distribution);
    }
}

#[test]
fn what_cannot_be_is_refused_with_a_reason() {
    for (text, reason) in [
        ("5", "invalid type: integer `5`, expected a duration"),
        ("\"5\"", "no unit"),
        ("{ uniform = { low = \"2ms\", high = \"1ms\" } }", "uniform: low 2ms is above high 1ms"),
        ("{ uniform = { low = \"2ms\" } }", "missing field `high`"),
        ("{ uniform = { low = \"1ms\", high = \"2ms\", mean = \"1ms\" } }", "unknown field `mean`"),
        ("{ gaussian = { mean = \"1ms\" } }", "unknown variant `gaussian`"),
        (
            "{ exponential = { mean = \"1ms\" }, pareto = { scale = \"1ms\", shape = 2 } }",
            "a distribution has one family",
        ),
        ("{ }", "invalid type: map, expected enum"),
        ("{ lognormal = { median = \"0s\", p99 = \"1ms\" } }", "lognormal: the median is zero"),
        ("{ lognormal = { median = \"2ms\", p99 = \"1ms\" } }", "lognormal: p99 1ms is below the median 2ms"),
        ("{ pareto = { scale = \"1ms\", shape = nan } }", "pareto: the shape NaN"),
        ("{ pareto = { scale = \"0s\", shape = 1 } }", "pareto: the scale is zero"),
        ("{ mixture = [] }", "mixture: it has no parts"),
        ("{ mixture = [{ weight = -1, of = \"1ms\" }] }", "mixture: weight -1 of part 1 is not positive"),
        (
            "{ mixture = [{ weight = 1, of = { mixture = [] } }] }",
            "mixture: part 1: mixture: it has no parts",
        ),
        ("{ empirical = [] }", "empirical: it has no rows"),
        ("{ empirical = [[0.5, \"1ms\"]] }", "empirical: the last quantile is 50%"),
        ("{ empirical = [[0.5, \"1ms\"], [0.5, \"2ms\"]] }", "empirical: quantile 50% comes after 50%"),
        ("{ empirical = [[0.5, \"2ms\"], [1, \"1ms\"]] }", "empirical: the value falls from 2ms to 1ms"),
    ] {
        let error = read(text).expect_err(text);
        assert!(error.contains(reason), "{text}: {error}");
    }
}

#[test]
fn the_schema_knows_every_family() {
    let schema = serde_json::to_value(schemars::schema_for!(Distribution)).unwrap();
    let families = schema["oneOf"].as_array().unwrap();
    let named = families.iter().filter_map(|f| f["properties"].as_object()?.keys().next().cloned());
    let expected = ["constant", "uniform", "exponential", "lognormal", "pareto", "mixture", "empirical"];
    assert!(named.eq(expected), "{schema:#}");
}
