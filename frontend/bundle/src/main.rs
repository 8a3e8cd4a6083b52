//! Makes the site out of the compiled frontend: splits the WASM into the parts that pages share, binds it, optimises each
//! part, compiles the styles, copies the public files, and compresses everything.
//!
//! Usage: `bundle WASM STYLE PUBLIC SITE`, or `bundle WASM FOLDER` to bind a WASM alone, for tests. The script, the WASM and the style sheet end up in `SITE/pkg/<hash>/`. The hash
//! is that of all inputs, so a browser may keep the folder's files for good, and an unchanged site is not built again.
//! `wasm-opt` and `sass` have to be on the `PATH`.

mod compress;
mod inputs;
mod script;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use wasm_bindgen_cli_support::Bindgen;

/// The name of the script, the WASM and the style sheet, which the server knows too.
const NAME: &str = "holdfast";
/// The script that loads the parts, as other scripts import it, and the list of the parts that each page needs, by the
/// names that Leptos has for them where names carry no hashes.
const LOADER: &str = "./__wasm_split.______________________.js";
const PARTS: &str = "__wasm_split_manifest.json";

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let (wasm, style, public, site) = match &arguments[..] {
        [wasm, style, public, site] => (wasm, style, public, site),
        [wasm, folder] => return bind(wasm, folder),
        _ => bail!("usage: bundle WASM STYLE PUBLIC SITE, or bundle WASM FOLDER"),
    };
    let hash = inputs::hash(&[wasm, style, public])?;
    if site.join("pkg").join(&hash).is_dir() {
        println!("The site is up to date.");
        return Ok(());
    }
    let unfinished = site.with_extension("unfinished");
    remove(&unfinished)?;
    let package = unfinished.join("pkg").join(&hash);
    fs::create_dir_all(&package)?;
    inputs::copy(public, &unfinished)?;
    let parts = split(wasm, &unfinished.join("whole.wasm"), &package)?;
    bind(&unfinished.join("whole.wasm"), &package)?;
    fs::remove_file(unfinished.join("whole.wasm"))?;
    let script = package.join(format!("{NAME}.js"));
    fs::write(&script, script::without_comments(&fs::read_to_string(&script)?))?;
    optimise(&package.join(format!("{NAME}_bg.wasm")))?;
    for part in parts {
        optimise(&part)?;
    }
    run(Command::new("sass")
        .args(["--no-source-map", "--style=compressed"])
        .arg(style.join("main.scss"))
        .arg(package.join(format!("{NAME}.css"))))?;
    compress::folder(&unfinished)?;
    // Whoever starts the server meanwhile finds the old site or the new one.
    remove(site)?;
    fs::rename(&unfinished, site).with_context(|| format!("{} cannot be put in place", site.display()))
}

/// Leaves what every page needs in `main`, and the parts in the package. Returns the parts' files.
fn split(wasm: &Path, main: &Path, package: &Path) -> Result<Vec<PathBuf>> {
    let whole = fs::read(wasm).with_context(|| format!("{} cannot be read", wasm.display()))?;
    let script = format!("./{NAME}.js");
    let mut options = wasm_split_cli_support::Options::new(&whole);
    options.output_dir = package;
    options.main_out_path = main;
    options.link_name = LOADER;
    options.main_module = &script;
    let split =
        wasm_split_cli_support::transform(options).map_err(|error| anyhow!("the WASM cannot be split: {error:#}"))?;
    fs::write(package.join(PARTS), serde_json::to_vec(&split.prefetch_map)?)?;
    Ok(split.split_modules)
}

fn bind(wasm: &Path, package: &Path) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(wasm)
        .out_name(NAME)
        .typescript(false)
        .remove_producers_section(true)
        // The parts are linked by these names.
        .keep_lld_exports(true)
        .demangle(false)
        .web(true)?;
    bindgen.generate(package).context(
        "the WASM cannot be bound; where it was compiled with another wasm-bindgen, give frontend/bundle/Cargo.toml its version",
    )
}

fn optimise(wasm: &Path) -> Result<()> {
    let before = fs::metadata(wasm)?.len();
    run(Command::new("wasm-opt").arg("-Oz").arg(wasm).arg("-o").arg(wasm))?;
    let name = wasm.file_name().unwrap_or_default().display();
    println!("{name}: {before} bytes, {} when optimised", fs::metadata(wasm)?.len());
    Ok(())
}

fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("{program} cannot be run; `make tools` installs it"))?;
    ensure!(status.success(), "{program} failed: {status}");
    Ok(())
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", folder.display()))
        }
        _ => Ok(()),
    }
}
