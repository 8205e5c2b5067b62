//! The filter as an image, in both layouts that Istio and Envoy Gateway fetch: an image of one layer with `plugin.wasm`, which every
//! tool and registry takes, and an artifact whose layer is the module itself.
//!
//! The layouts are those of <https://github.com/solo-io/wasm/tree/master/spec>, there `compat` and `oci`.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::archive::{gzip, sha256, tar};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const IMAGE_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const WASM_CONFIG: &str = "application/vnd.module.wasm.config.v1+json";
const WASM_LAYER: &str = "application/vnd.module.wasm.content.layer.v1+wasm";

/// The file of a layer in which the filter is looked for.
const PLUGIN: &str = "plugin.wasm";
/// The filter's `root_id`, as in `envoy/envoy.yaml`, and the ABI that it speaks.
const ROOT_ID: &str = "lictor";
const ABI: &str = "0.2.1";

/// Of which sources the filter was made.
pub(super) struct Source<'s> {
    /// Of Lictor.
    pub version: &'s str,
    /// In git.
    pub commit: &'s str,
    /// The time of the commit, in RFC 3339.
    pub time: &'s str,
}

/// The image of one layer, as an archive of an OCI layout. `scratch` is a file that may be written.
pub(super) fn image(wasm: &[u8], source: &Source<'_>, scratch: &Path) -> Result<Vec<u8>> {
    let mut layout = Layout::default();
    let archive = tar(&[(PLUGIN.to_owned(), wasm.to_vec())])?;
    let config = json!({
        "created": source.time,
        // Tools want a platform; the filter has none.
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", sha256(&archive))]},
    });
    let layer = layout.blob(IMAGE_LAYER, gzip(&archive, scratch)?);
    let config = layout.blob(IMAGE_CONFIG, serde_json::to_vec(&config)?);
    layout.archive(&config, &[layer], source, &[("module.wasm.image/variant", "compat")])
}

/// The artifact, as an archive of an OCI layout.
pub(super) fn artifact(wasm: &[u8], source: &Source<'_>) -> Result<Vec<u8>> {
    let mut layout = Layout::default();
    let config = json!({"type": "envoy_proxy", "abiVersions": [ABI], "config": {"root_ids": [ROOT_ID]}});
    let mut config = layout.blob(WASM_CONFIG, serde_json::to_vec(&config)?);
    let mut layer = layout.blob(WASM_LAYER, wasm.to_vec());
    for (descriptor, name) in [(&mut config, "runtime-config.json"), (&mut layer, PLUGIN)] {
        if let Some(descriptor) = descriptor.as_object_mut() {
            descriptor.insert("annotations".to_owned(), json!({"org.opencontainers.image.title": name}));
        }
    }
    layout.archive(&config.clone(), &[config, layer], source, &[])
}

/// The files of an OCI layout.
#[derive(Default)]
struct Layout {
    files: Vec<(String, Vec<u8>)>,
}

impl Layout {
    /// Adds a blob, and describes it.
    fn blob(&mut self, media_type: &str, bytes: Vec<u8>) -> Value {
        let digest = sha256(&bytes);
        let described = json!({"mediaType": media_type, "digest": format!("sha256:{digest}"), "size": bytes.len()});
        self.files.push((format!("blobs/sha256/{digest}"), bytes));
        described
    }

    fn archive(
        mut self,
        config: &Value,
        layers: &[Value],
        source: &Source<'_>,
        more: &[(&str, &str)],
    ) -> Result<Vec<u8>> {
        let mut annotations = json!({
            "org.opencontainers.image.title": "Lictor's filter for Envoy",
            "org.opencontainers.image.version": source.version,
            "org.opencontainers.image.revision": source.commit,
            "org.opencontainers.image.created": source.time,
            "org.opencontainers.image.licenses": "Apache-2.0",
        });
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.extend(more.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
        }
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers, "annotations": annotations,
        });
        let mut manifest = self.blob(MANIFEST, serde_json::to_vec(&manifest)?);
        if let Some(manifest) = manifest.as_object_mut() {
            manifest.insert("annotations".to_owned(), json!({"org.opencontainers.image.ref.name": source.version}));
        }
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [manifest]});
        self.files.push(("index.json".to_owned(), serde_json::to_vec(&index)?));
        self.files.push(("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()));
        self.files.sort();
        // The configuration of an artifact is a layer, too.
        self.files.dedup();
        tar(&self.files)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;
    use std::process::Command;

    use super::*;

    const WASM: &[u8] = b"\0asm\x01\0\0\0 as it were";
    const SOURCE: Source<'_> = Source { version: "1.2.3", commit: "abc", time: "2026-11-30T00:00:00Z" };

    /// A layout as tar unpacks it.
    struct Unpacked(PathBuf);

    impl Unpacked {
        fn new(name: &str, archive: &[u8]) -> Self {
            let folder = std::env::temp_dir().join(format!("lictor-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("it.tar"), archive).unwrap();
            let status = Command::new("tar").current_dir(&folder).args(["-xf", "it.tar"]).status().unwrap();
            assert!(status.success());
            Self(folder)
        }

        fn json(bytes: &[u8]) -> Value {
            serde_json::from_slice(bytes).unwrap()
        }

        fn file(&self, name: &str) -> Vec<u8> {
            fs::read(self.0.join(name)).unwrap()
        }

        /// The bytes that a descriptor names, which must be those.
        fn blob(&self, descriptor: &Value) -> Vec<u8> {
            let digest = descriptor["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
            let bytes = self.file(&format!("blobs/sha256/{digest}"));
            let sum = Command::new("sha256sum").arg(self.0.join("blobs/sha256").join(digest)).output().unwrap();
            assert!(sum.stdout.starts_with(digest.as_bytes()));
            assert_eq!(descriptor["size"], bytes.len());
            bytes
        }

        /// The one manifest.
        fn manifest(&self) -> Value {
            assert_eq!(Self::json(&self.file("oci-layout"))["imageLayoutVersion"], "1.0.0");
            let index = Self::json(&self.file("index.json"));
            assert_eq!(index["manifests"].as_array().unwrap().len(), 1);
            assert_eq!(index["manifests"][0]["mediaType"], MANIFEST);
            Self::json(&self.blob(&index["manifests"][0]))
        }
    }

    impl Drop for Unpacked {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn an_image_has_the_filter_in_its_one_layer() {
        let scratch = std::env::temp_dir().join(format!("lictor-scratch-{}", std::process::id()));
        let archive = image(WASM, &SOURCE, &scratch).unwrap();
        assert_eq!(archive, image(WASM, &SOURCE, &scratch).unwrap(), "twice the same");
        let layout = Unpacked::new("image", &archive);
        let manifest = layout.manifest();
        assert_eq!(manifest["annotations"]["module.wasm.image/variant"], "compat");
        assert_eq!(manifest["annotations"]["org.opencontainers.image.revision"], "abc");
        assert_eq!(manifest["config"]["mediaType"], IMAGE_CONFIG);
        let [layer] = manifest["layers"].as_array().unwrap().as_slice() else { panic!("{manifest}") };
        assert_eq!(layer["mediaType"], IMAGE_LAYER);
        fs::write(layout.0.join("layer"), layout.blob(layer)).unwrap();
        let run = |line: &str| Command::new("sh").current_dir(&layout.0).args(["-c", line]).output().unwrap().stdout;
        assert_eq!(run("gzip -dc < layer | tar -xO plugin.wasm"), WASM);
        let config = Unpacked::json(&layout.blob(&manifest["config"]));
        let uncompressed = String::from_utf8(run("gzip -dc < layer | sha256sum")).unwrap();
        let id = config["rootfs"]["diff_ids"][0].as_str().unwrap().strip_prefix("sha256:").unwrap();
        assert!(uncompressed.starts_with(id), "{uncompressed} {id}");
    }

    #[test]
    fn an_artifact_has_its_configuration_and_the_filter_as_it_is() {
        let layout = Unpacked::new("artifact", &artifact(WASM, &SOURCE).unwrap());
        let manifest = layout.manifest();
        let [config, layer] = manifest["layers"].as_array().unwrap().as_slice() else { panic!("{manifest}") };
        assert_eq!((&config["mediaType"], &layer["mediaType"]), (&json!(WASM_CONFIG), &json!(WASM_LAYER)));
        assert_eq!(layout.blob(layer), WASM);
        assert_eq!(Unpacked::json(&layout.blob(config))["config"]["root_ids"], json!(["lictor"]));
        assert_eq!(layout.blob(&manifest["config"]), layout.blob(config));
    }
}
