//! Puts the console into the program: a table of the files of `console/build`, which `cargo xtask console` makes. Where it
//! has not been made the table is empty.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The forms in which a file stands beside itself, and the field of the table that has each.
const COMPRESSED: [(&str, &str); 2] = [("br", "brotli"), ("gz", "gzip")];

fn main() -> io::Result<()> {
    let built = Path::new("../console/build");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", built.display());
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    let copies = out.join("console");
    if copies.exists() {
        fs::remove_dir_all(&copies)?;
    }
    fs::create_dir_all(&copies)?;
    let mut table = "&[\n".to_owned();
    for (number, file) in files_below(built)?.into_iter().enumerate() {
        // The compiler reads a copy: the console may be built anew meanwhile, with other names.
        let embed = |source: &Path, form: &str| -> io::Result<String> {
            let copy = copies.join(format!("{number}.{form}"));
            fs::copy(source, &copy)?;
            Ok(format!("include_bytes!({:?})", copy.display().to_string()))
        };
        let path = file.strip_prefix(built).map_err(io::Error::other)?.display().to_string();
        let mut hasher = DefaultHasher::new();
        fs::read(&file)?.hash(&mut hasher);
        let _ = write!(table, "File {{ path: {path:?}, tag: \"W/\\\"{:x}\\\"\", plain: ", hasher.finish());
        table.push_str(&embed(&file, "plain")?);
        for (ending, field) in COMPRESSED {
            let compressed = PathBuf::from(format!("{}.{ending}", file.display()));
            let embedded =
                if compressed.exists() { format!("Some({})", embed(&compressed, ending)?) } else { "None".to_owned() };
            let _ = write!(table, ", {field}: {embedded}");
        }
        table.push_str(" },\n");
    }
    table.push(']');
    fs::write(out.join("console.rs"), table)
}

/// The files that have a name of their own on the web, in the order of their names.
fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if !folder.exists() {
        return Ok(found);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_other_form = COMPRESSED.iter().any(|(ending, _)| path.extension().is_some_and(|own| own == *ending));
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() {
            found.extend(files_below(&path)?);
        } else if !is_other_form && !is_hidden {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
