//! The charts for the README, drawn of target/bench/latest.json, without any library.

mod bars;
mod lines;

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result};
use lictor_xtask::project::Project;
use lictor_xtask::run::say;

use super::latest::Latest;

/// Draws all of them into docs/images.
pub(super) fn draw(project: &Project, latest: &Latest) -> Result<()> {
    for (name, chart) in [("bench.svg", bars::svg(latest)?), ("bench-cost.svg", lines::svg(latest)?)] {
        let image = project.root.join("docs/images").join(name);
        fs::write(&image, chart).with_context(|| format!("cannot write {}", image.display()))?;
        say(format!("wrote {}", image.display()));
    }
    Ok(())
}

/// The beginning of a chart, with its title.
fn begin(width: f64, height: f64, title: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"#1f2933\">\n\
         <title>{title}</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"16\" y=\"26\" font-size=\"16\" font-weight=\"600\">{title}</text>\n"
    )
}

/// The end of a chart, with a note below all else.
fn end(out: &mut String, height: f64, note: &str) {
    let _ = writeln!(out, "<text x=\"16\" y=\"{}\" font-size=\"12\" fill=\"#52606d\">{note}</text>", height - 12.0);
    out.push_str("</svg>\n");
}

fn text(out: &mut String, x: f64, y: f64, anchor: &str, content: &str) {
    let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{content}</text>");
}

/// A round number of which five or fewer make `most`.
fn step(most: f64) -> f64 {
    [10.0, 20.0, 25.0, 50.0, 100.0, 200.0, 500.0].into_iter().find(|step| most / step <= 5.0).unwrap_or(1000.0)
}
