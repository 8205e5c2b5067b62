//! What guarding a call costs: two rows of bars.

use std::fmt::Write as _;

use anyhow::Result;

use super::{begin, end, step, text};
use crate::measure::latest::{Figures, Latest};
use crate::measure::road::Road;
use crate::measure::variant::Row;

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
    value: fn(&Bar<'_>) -> f64,
    decimals: usize,
}

/// What one bar of each panel shows.
struct Bar<'l> {
    row: Row,
    figures: &'l Figures,
    plain: &'l Figures,
}

/// The chart as an SVG document. A body of 1 MiB takes times that would leave no room for the others.
pub(super) fn svg(latest: &Latest) -> Result<String> {
    let drawn = Row::ALL.into_iter().filter(|row| row.road != Road::Large);
    let bar = |row: Row| Ok(Bar { row, figures: latest.row(row)?, plain: latest.row(row.plain())? });
    let bars = drawn.map(bar).collect::<Result<Vec<_>>>()?;
    let height = TOP + ROW * bars.len() as f64 + FOOT;
    let most = bars.iter().map(|bar| bar.figures.whole_cpu_us_per_request).fold(1.0, f64::max);
    let step = step(most);
    let panels = [
        Panel {
            title: "Calls per second on one core, of Envoy alone",
            left: LEFT,
            full: 1.0,
            step: 0.25,
            value: |bar| bar.figures.shared_core_requests_per_second / bar.plain.shared_core_requests_per_second,
            decimals: 2,
        },
        Panel {
            title: "Processor time per call, service included, in µs",
            left: LEFT + PANEL + GAP,
            full: (most / step).ceil() * step,
            step,
            value: |bar| bar.figures.whole_cpu_us_per_request,
            decimals: 0,
        },
    ];
    let mut out = begin(WIDTH, height, "What guarding a call costs");
    for (number, bar) in bars.iter().enumerate() {
        let y = TOP + ROW * number as f64 + ROW / 2.0 + 4.5;
        text(&mut out, LEFT - 10.0, y, "end", &bar.row.title());
    }
    for panel in &panels {
        panel.draw(&mut out, &bars);
    }
    let note = "Calls over XML-RPC (600 bytes, 16 KiB) and JSON-2; Envoy, with one worker, and its service on one processor; medians \
                of rounds of <tspan font-family=\"monospace\">cargo xtask bench</tspan>";
    end(&mut out, height, note);
    Ok(out)
}

impl Panel {
    fn draw(&self, out: &mut String, bars: &[Bar<'_>]) {
        let bottom = TOP + ROW * bars.len() as f64;
        let _ =
            writeln!(out, "<text x=\"{}\" y=\"{}\" font-weight=\"600\">{}</text>", self.left, TOP - 16.0, self.title);
        let ticks = (self.full / self.step).round() as usize;
        for tick in 0..=ticks {
            let value = self.step * tick as f64;
            let x = self.left + PANEL * value / self.full;
            let _ = writeln!(out, "<path d=\"M{x:.1} {TOP}V{bottom}\" stroke=\"#d9e2ec\"/>");
            text(out, x, bottom + 18.0, "middle", &format!("{value:.*}", self.decimals));
        }
        for (number, bar) in bars.iter().enumerate() {
            let value = (self.value)(bar);
            let y = TOP + ROW * number as f64 + (ROW - BAR) / 2.0;
            let width = (PANEL * value / self.full).clamp(0.0, PANEL);
            let colour = if bar.row.variant.host().is_some() { "#2f6f9f" } else { "#b8c4ce" };
            let _ = writeln!(
                out,
                "<rect x=\"{}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"2\" fill=\"{colour}\"/>",
                self.left
            );
            text(out, self.left + width + 6.0, y + BAR / 2.0 + 4.5, "start", &format!("{value:.*}", self.decimals));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::latest::tests::latest;

    #[test]
    fn every_variant_has_its_name_and_two_bars() {
        let chart = svg(&latest()).unwrap();
        let drawn = Row::ALL.into_iter().filter(|row| row.road != Road::Large);
        for row in drawn.clone() {
            assert_eq!(chart.matches(&format!(">{}<", row.title())).count(), 1, "{row}");
        }
        assert_eq!(chart.matches("<rect x=").count(), 2 * drawn.count());
        assert!(chart.ends_with("</svg>\n"));
    }

    #[test]
    fn a_row_that_was_not_measured_is_named() {
        assert!(svg(&Latest::default()).unwrap_err().to_string().contains("plain"));
    }
}
