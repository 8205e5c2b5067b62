//! The chart for the README: two rows of bars, drawn without any library.

use std::fmt::Write as _;

use super::report::Summary;
use super::road::Road;

const WIDTH: f64 = 906.0;
/// Below the rows: the scale and a note.
const FOOT: f64 = 46.0;
/// Room for the variants' names.
const LEFT: f64 = 216.0;
const TOP: f64 = 74.0;
const ROW: f64 = 36.0;
const BAR: f64 = 22.0;
const PANEL: f64 = 270.0;
const GAP: f64 = 70.0;

/// One panel of the chart.
struct Panel {
    title: &'static str,
    left: f64,
    /// What the whole width stands for.
    full: f64,
    step: f64,
    value: fn(&Summary) -> f64,
    decimals: usize,
}

/// The chart as an SVG document. A body of 1 MiB takes times that would leave no room for the others.
pub(super) fn svg(summaries: &[Summary]) -> String {
    let summaries: Vec<_> = summaries.iter().filter(|summary| summary.row.road != Road::Large).collect();
    let height = TOP + ROW * summaries.len() as f64 + FOOT;
    let most = summaries.iter().map(|summary| summary.whole_cpu_us_per_request).fold(1.0, f64::max);
    let step = step(most);
    let panels = [
        Panel {
            title: "Calls per second on one core, of Envoy alone",
            left: LEFT,
            full: 1.0,
            step: 0.25,
            value: |summary| summary.shared_ratio_to_plain,
            decimals: 2,
        },
        Panel {
            title: "Processor time per call, service included, in µs",
            left: LEFT + PANEL + GAP,
            full: (most / step).ceil() * step,
            step,
            value: |summary| summary.whole_cpu_us_per_request,
            decimals: 0,
        },
    ];
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"#1f2933\">\n\
         <title>What guarding a call costs</title>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"16\" y=\"26\" font-size=\"16\" font-weight=\"600\">What guarding a call costs</text>\n"
    );
    for (row, summary) in summaries.iter().enumerate() {
        let y = TOP + ROW * row as f64 + ROW / 2.0 + 4.5;
        text(&mut out, LEFT - 10.0, y, "end", &summary.row.title());
    }
    for panel in &panels {
        panel.draw(&mut out, &summaries);
    }
    let note = "Calls over XML-RPC (600 bytes, 16 KiB) and JSON-2; Envoy, with one worker, and its service on one processor; medians \
                of rounds of <tspan font-family=\"monospace\">cargo xtask bench</tspan>";
    let _ = writeln!(out, "<text x=\"16\" y=\"{}\" font-size=\"12\" fill=\"#52606d\">{note}</text>", height - 12.0);
    out.push_str("</svg>\n");
    out
}

impl Panel {
    fn draw(&self, out: &mut String, summaries: &[&Summary]) {
        let bottom = TOP + ROW * summaries.len() as f64;
        let _ =
            writeln!(out, "<text x=\"{}\" y=\"{}\" font-weight=\"600\">{}</text>", self.left, TOP - 16.0, self.title);
        let ticks = (self.full / self.step).round() as usize;
        for tick in 0..=ticks {
            let value = self.step * tick as f64;
            let x = self.left + PANEL * value / self.full;
            let _ = writeln!(out, "<path d=\"M{x:.1} {TOP}V{bottom}\" stroke=\"#d9e2ec\"/>");
            text(out, x, bottom + 18.0, "middle", &format!("{value:.*}", self.decimals));
        }
        for (row, summary) in summaries.iter().enumerate() {
            let value = (self.value)(summary);
            let y = TOP + ROW * row as f64 + (ROW - BAR) / 2.0;
            let width = (PANEL * value / self.full).clamp(0.0, PANEL);
            let colour = if summary.row.variant.host().is_some() { "#2f6f9f" } else { "#b8c4ce" };
            let _ = writeln!(
                out,
                "<rect x=\"{}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"2\" fill=\"{colour}\"/>",
                self.left
            );
            text(out, self.left + width + 6.0, y + BAR / 2.0 + 4.5, "start", &format!("{value:.*}", self.decimals));
        }
    }
}

fn text(out: &mut String, x: f64, y: f64, anchor: &str, content: &str) {
    let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{content}</text>");
}

/// A round number of which five or fewer make `most`.
fn step(most: f64) -> f64 {
    [10.0, 20.0, 25.0, 50.0, 100.0, 200.0, 500.0].into_iter().find(|step| most / step <= 5.0).unwrap_or(1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::report::tests::summaries;
    use crate::measure::variant::Row;

    #[test]
    fn every_variant_has_its_name_and_two_bars() {
        let chart = svg(&summaries());
        let drawn = Row::ALL.into_iter().filter(|row| row.road != Road::Large);
        for row in drawn.clone() {
            assert_eq!(chart.matches(&format!(">{}<", row.title())).count(), 1, "{row}");
        }
        assert_eq!(chart.matches("<rect x=").count(), 2 * drawn.count());
        assert!(chart.ends_with("</svg>\n"));
    }
}
