//! target/bench/latest.json: what was measured, of which the charts are drawn.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use lictor_xtask::project::Project;
use serde::{Deserialize, Serialize};

use super::cost::Subject;
use super::variant::{Row, Variant};

/// All that a run measures.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Latest {
    /// By the names of rows.
    pub(super) variants: BTreeMap<String, Figures>,
    /// By the names of variants.
    #[serde(default)]
    pub(super) half_load: BTreeMap<String, HalfLoad>,
    #[serde(default)]
    pub(super) memory: Vec<Memory>,
    #[serde(default)]
    pub(super) cost: Vec<Cost>,
}

/// Medians of a row's rounds.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Figures {
    pub(super) requests_per_second: f64,
    /// To Envoy alone with calls on the same road.
    pub(super) ratio_to_plain: f64,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    pub(super) cpu_us_per_request: f64,
    /// Envoy's and its service's.
    pub(super) whole_cpu_us_per_request: f64,
    /// With both on one processor.
    pub(super) shared_core_requests_per_second: f64,
}

/// How long calls take while a gate has half as many as it can answer, and beside that without a gate.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct HalfLoad {
    /// That were sent, to both.
    pub(super) requests_per_second: f64,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    pub(super) plain_p50_us: f64,
    pub(super) plain_p99_us: f64,
    /// The median of the rounds' differences.
    pub(super) p99_added_us: f64,
}

/// Memory of an Envoy after a load.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Memory {
    pub(super) workers: u16,
    pub(super) variant: String,
    pub(super) resident_mib: f64,
}

/// Cost of a call where a policy has so many of something.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Cost {
    pub(super) of: Subject,
    pub(super) number: u32,
    pub(super) variant: String,
    pub(super) cpu_us_per_request: f64,
    pub(super) policy_bytes: u64,
    /// Of the whole Envoy, with one worker.
    pub(super) resident_mib: f64,
}

impl Latest {
    fn file(project: &Project) -> PathBuf {
        project.target.join("bench/latest.json")
    }

    /// Whether anything was measured yet.
    pub(super) fn is_there(project: &Project) -> bool {
        Self::file(project).exists()
    }

    /// The last one, which must be there.
    pub(super) fn read(project: &Project) -> Result<Self> {
        let file = Self::file(project);
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let parsed = serde_json::from_str(&text);
        parsed.with_context(|| format!("{} is of another version: run `cargo xtask bench`", file.display()))
    }

    /// Writes it, and says where.
    pub(super) fn write(&self, project: &Project) -> Result<PathBuf> {
        let file = Self::file(project);
        self.write_to(&file)?;
        Ok(file)
    }

    fn write_to(&self, file: &Path) -> Result<()> {
        let text = format!("{}\n", serde_json::to_string_pretty(self)?);
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    }

    /// What a row measured.
    pub(super) fn row(&self, row: Row) -> Result<&Figures> {
        let found = self.variants.get(&row.name());
        found.with_context(|| format!("there are no figures of {row}: run `cargo xtask bench`"))
    }

    /// What one host's calls cost, by the numbers of a subject; all of them must be there.
    pub(super) fn costs(&self, of: Subject, variant: Variant) -> Result<Vec<&Cost>> {
        let name = variant.to_string();
        let find = |number: &u32| {
            let point = |cost: &&Cost| cost.of == of && cost.number == *number && cost.variant == name;
            let found = self.cost.iter().find(point);
            found.with_context(|| format!("there are no figures of {name} with {number} {of}: run `cargo xtask bench`"))
        };
        of.numbers().iter().map(find).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::measure::cost::HOSTS;
    use crate::measure::report::tests::summaries;
    use crate::measure::report::variants;

    pub(in crate::measure) fn latest() -> Latest {
        let points = Subject::ALL.into_iter().flat_map(|of| of.numbers().iter().map(move |number| (of, *number)));
        let cost = HOSTS.into_iter().flat_map(|variant| {
            points.clone().map(move |(of, number)| Cost {
                of,
                number,
                variant: variant.to_string(),
                cpu_us_per_request: 120.0,
                policy_bytes: 5000,
                resident_mib: 90.0,
            })
        });
        Latest { variants: variants(&summaries()), cost: cost.collect(), ..Latest::default() }
    }

    #[test]
    fn rows_have_the_form_that_they_always_had() {
        let value = serde_json::to_value(latest()).unwrap();
        let lictor = value["variants"]["lictor"].as_object().unwrap();
        assert_eq!(lictor["requests_per_second"], 12000.0);
        assert_eq!(lictor["ratio_to_plain"], 0.6);
        assert_eq!(lictor["shared_core_requests_per_second"], 6000.0);
        let fields: Vec<_> = lictor.keys().map(String::as_str).collect();
        let expected = [
            "cpu_us_per_request",
            "p50_us",
            "p99_us",
            "ratio_to_plain",
            "requests_per_second",
            "shared_core_requests_per_second",
            "whole_cpu_us_per_request",
        ];
        assert_eq!(fields, expected);
        assert_eq!(value["variants"].as_object().unwrap().len(), Row::ALL.len());
        for name in ["lictor_native", "ext_authz_same_work", "ext_proc_same_work"] {
            assert!(value["variants"][name]["whole_cpu_us_per_request"].is_number(), "{name}");
        }
        assert_eq!(value["variants"]["lictor_json2"]["ratio_to_plain"], 0.75);
    }

    #[test]
    fn a_file_of_rows_alone_can_be_read() {
        let rows = serde_json::json!({ "variants": latest().variants }).to_string();
        let read: Latest = serde_json::from_str(&rows).unwrap();
        assert!(read.row(Row::xml_rpc(Variant::Lictor)).is_ok() && read.cost.is_empty());
    }
}
