//! Links between the Markdown files: each must name a file that is there, and a heading that the file has.

use super::sources::Source;

/// The relative links that lead nowhere. Addresses of other hosts are not asked.
pub(super) fn broken(sources: &[Source]) -> Vec<String> {
    let mut broken = Vec::new();
    for page in sources.iter().filter(|source| source.path.ends_with(".md")) {
        for target in targets(&page.text).filter(|target| !target.contains("://")) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() { page.path.clone() } else { resolved(&page.path, file) };
            let folder = format!("{path}/");
            let has_anchor = |source: &Source| anchor.is_empty() || anchors(&source.text).any(|known| known == anchor);
            if !sources.iter().any(|it| it.path.starts_with(&folder) || it.path == path && has_anchor(it)) {
                broken.push(format!("{}: the link to {target} leads nowhere", page.path));
            }
        }
    }
    broken
}

/// The path from the root of the checkout that a link on a page names.
fn resolved(page: &str, file: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

fn targets(text: &str) -> impl Iterator<Item = &str> {
    prose(text).flat_map(|line| line.split("](").skip(1)).filter_map(|rest| rest.split(')').next())
}

/// What GitHub makes of each heading: lower case, hyphens for spaces, and neither punctuation nor backticks.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    prose(text).filter(|line| line.starts_with('#')).map(|heading| {
        let title = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        title.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_')).collect::<String>()
    })
}

/// The lines outside fenced code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut in_fence = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        in_fence ^= is_fence;
        !in_fence && !is_fence
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The broken links of a README beside a page `docs/a.md`.
    fn of(readme: &str) -> Vec<String> {
        let page = "# A\n\n## The `b` of A, again\n\n[up](../README.md#lictor)\n\n```sh\n# A comment\n```\n";
        let files = [("README.md", format!("# Lictor\n{readme}")), ("docs/a.md", page.to_owned())];
        broken(&files.map(|(path, text)| Source { path: path.to_owned(), text }))
    }

    #[test]
    fn finds_links_to_what_is_not_there() {
        for target in ["b.md", "a.md", "docs/a.md#b", "docs/a.md#a-comment", "#a", "docs/../a.md", "doc"] {
            assert_eq!(of(&format!("[a](docs/a.md) and [it]({target})")).len(), 1, "{target}");
        }
    }

    #[test]
    fn leaves_the_others_alone() {
        for target in
            ["docs/a.md", "docs/a.md#the-b-of-a-again", "#lictor", "docs/", "./docs/../README.md", "https://a/#b"]
        {
            assert_eq!(of(&format!("[it]({target})")), Vec::<String>::new(), "{target}");
        }
        assert_eq!(of("```\n[it](nowhere)\n```"), Vec::<String>::new());
    }
}
