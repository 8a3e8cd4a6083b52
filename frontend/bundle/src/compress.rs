//! Files as they go over the wire.

use std::{fs, io::Write, path::Path};

use anyhow::Result;
use brotli::{CompressorWriter, enc::BrotliEncoderParams};
use flate2::{Compression, write::GzEncoder};

use crate::inputs;

/// What is compressed already, by its ending.
const COMPRESSED: [&str; 6] = ["br", "gz", "jpg", "png", "webp", "woff2"];

/// Puts a `.br` and a `.gz` beside each file of the folder that becomes smaller so.
pub fn folder(folder: &Path) -> Result<()> {
    for file in inputs::files(folder)? {
        let ending = file.extension().unwrap_or_default();
        if COMPRESSED.iter().any(|known| ending == *known) {
            continue;
        }
        let content = fs::read(&file)?;
        for (suffix, compressed) in [("br", brotli(&content)?), ("gz", gzip(&content)?)] {
            if compressed.len() < content.len() {
                let mut name = file.clone().into_os_string();
                name.push(format!(".{suffix}"));
                fs::write(name, compressed)?;
            }
        }
    }
    Ok(())
}

fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    // The best quality, with a window of 16 MiB.
    let parameters = BrotliEncoderParams { quality: 11, lgwin: 24, ..Default::default() };
    let mut writer = CompressorWriter::with_params(Vec::new(), 1 << 16, &parameters);
    writer.write_all(content)?;
    Ok(writer.into_inner())
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::best());
    writer.write_all(content)?;
    Ok(writer.finish()?)
}
