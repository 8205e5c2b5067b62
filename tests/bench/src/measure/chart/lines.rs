//! What a call costs beside how much there is in a policy: a panel of lines for each thing of which there may be many.

use std::fmt::Write as _;

use anyhow::Result;

use super::{begin, end, step, text};
use crate::measure::cost::{HOSTS, Subject};
use crate::measure::latest::{Cost, Latest};
use crate::measure::variant::Variant;

const WIDTH: f64 = 906.0;
const HEIGHT: f64 = 560.0;
const TOP: f64 = 74.0;
const LEFT: f64 = 56.0;
/// One panel and the room after it.
const PANEL: (f64, f64) = (370.0, 160.0);
const STEP: (f64, f64) = (450.0, 228.0);

/// The chart as an SVG document. All panels have one scale, which begins at nothing: flat is what looks flat.
pub(super) fn svg(latest: &Latest) -> Result<String> {
    let most = latest.cost.iter().map(|point| point.cpu_us_per_request).fold(1.0, f64::max);
    let step = step(most);
    let full = (most / step).ceil() * step;
    let mut out = begin(WIDTH, HEIGHT, "Processor time per call, in µs, by what the policy has");
    for (number, subject) in Subject::ALL.into_iter().enumerate() {
        let panel = Panel {
            left: LEFT + STEP.0 * (number % 2) as f64,
            top: TOP + STEP.1 * (number / 2) as f64,
            full,
            step,
            subject,
        };
        panel.draw(&mut out, latest)?;
    }
    let note = "Envoy with one worker; the scale below is logarithmic; medians of rounds of \
                <tspan font-family=\"monospace\">cargo xtask bench</tspan>";
    end(&mut out, HEIGHT, note);
    Ok(out)
}

struct Panel {
    left: f64,
    top: f64,
    /// What the whole height stands for.
    full: f64,
    step: f64,
    subject: Subject,
}

impl Panel {
    fn draw(&self, out: &mut String, latest: &Latest) -> Result<()> {
        let (width, height) = PANEL;
        let (right, bottom) = (self.left + width, self.top + height);
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" font-weight=\"600\">{}</text>",
            self.left,
            self.top - 14.0,
            self.subject.title()
        );
        for tick in 0..=(self.full / self.step).round() as usize {
            let value = self.step * tick as f64;
            let y = self.y(value);
            let _ = writeln!(out, "<path d=\"M{} {y:.1}H{right}\" stroke=\"#d9e2ec\"/>", self.left);
            text(out, self.left - 8.0, y + 4.5, "end", &format!("{value:.0}"));
        }
        for number in self.subject.numbers() {
            text(out, self.x(*number), bottom + 18.0, "middle", &number.to_string());
        }
        for variant in HOSTS {
            self.line(out, variant, &latest.costs(self.subject, variant)?);
        }
        Ok(())
    }

    fn line(&self, out: &mut String, variant: Variant, points: &[&Cost]) {
        let (colour, name) = if variant == Variant::Lictor { ("#2f6f9f", "wasm") } else { ("#c05a1c", "module") };
        let places: Vec<_> =
            points.iter().map(|point| (self.x(point.number), self.y(point.cpu_us_per_request))).collect();
        let path: Vec<_> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let path = path.join(" ");
        let _ = writeln!(out, "<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>");
        for ((x, y), point) in places.iter().zip(points) {
            let _ = writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>");
            text(out, *x, y - 8.0, "middle", &format!("{:.0}", point.cpu_us_per_request));
        }
        if let Some((x, y)) = places.last() {
            let _ = writeln!(out, "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{name}</text>", x + 14.0, y + 4.5);
        }
    }

    fn x(&self, number: u32) -> f64 {
        let logarithm = |number: u32| f64::from(number.max(1)).log10();
        let numbers = self.subject.numbers();
        let (first, last) = (numbers.first().copied().unwrap_or(1), numbers.last().copied().unwrap_or(10));
        let share = (logarithm(number) - logarithm(first)) / (logarithm(last) - logarithm(first));
        // Room for labels at both ends.
        self.left + 20.0 + (PANEL.0 - 80.0) * share
    }

    fn y(&self, value: f64) -> f64 {
        self.top + PANEL.1 * (1.0 - value / self.full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::latest::tests::latest;

    #[test]
    fn every_point_of_both_hosts_is_drawn() {
        let latest = latest();
        let chart = svg(&latest).unwrap();
        assert_eq!(chart.matches("<circle").count(), latest.cost.len());
        assert_eq!(chart.matches("<polyline").count(), 2 * Subject::ALL.len());
        for subject in Subject::ALL {
            assert!(chart.contains(subject.title()), "{subject:?}");
        }
    }

    #[test]
    fn a_chart_lacks_no_point() {
        let mut latest = latest();
        latest.cost.remove(3);
        let error = svg(&latest).unwrap_err().to_string();
        assert!(error.contains("100000 keys"), "{error}");
    }
}
