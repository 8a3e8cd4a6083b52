//! The built half of the browser: where it lies, and how it is served.
//!
//! A build leaves a folder with `pkg/` (script, WASM and style sheet, whose names carry a hash of what is in them) and
//! the files of `public/`, and beside the executable `hash.txt` with those hashes. The folder is looked for in
//! `LEPTOS_SITE_ROOT` (which `cargo leptos` sets), then in `site` beside the executable, then in `site` one folder up
//! (where Cargo keeps the profiles' folders), then in `target/site` of the working directory. Without it pages and
//! forms work, without style and script.

use std::{
    convert::Infallible,
    env,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::map_response,
    response::Response,
};
use leptos::config::{Env, LeptosOptions};
use tower::Service;
use tower_http::services::ServeDir;

/// The name that Cargo.toml gives to the script and the style sheet.
const OUTPUT_NAME: &str = "holdfast";
const PKG: &str = "pkg";
const HASHES: &str = "hash.txt";

/// What leptos needs to know to name the script and the style sheet in a page.
pub fn leptos_options(address: SocketAddr) -> LeptosOptions {
    let beside = env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_path_buf)).unwrap_or_default();
    let root = site_root(&beside);
    let hashes = hash_file(&beside, &root);
    let options = LeptosOptions::builder()
        .output_name(OUTPUT_NAME)
        .site_root(root.to_string_lossy())
        .site_pkg_dir(PKG)
        .site_addr(address)
        .env(if is_watched() { Env::DEV } else { Env::PROD })
        // Leptos panics where hashed names are asked for and the file is missing.
        .hash_files(hashes.is_some());
    match hashes {
        Some(file) => options.hash_file(file.to_string_lossy().into()).build(),
        None => options.build(),
    }
}

/// Whether `cargo leptos watch` runs the server and reloads pages.
pub fn is_watched() -> bool {
    env::var_os("LEPTOS_WATCH").is_some()
}

fn site_root(beside: &Path) -> PathBuf {
    if let Some(root) = env::var_os("LEPTOS_SITE_ROOT") {
        return root.into();
    }
    let places = [beside.join("site"), beside.join("../site"), PathBuf::from("target/site")];
    let found = places.iter().find(|place| place.join(PKG).is_dir());
    if found.is_none() {
        tracing::warn!(looked_in = ?places, "the site's script and style are not there; build them or set LEPTOS_SITE_ROOT");
    }
    found.unwrap_or(&places[0]).clone()
}

/// The list of hashes beside the executable, where its files are those of the site. The absolute path, because leptos
/// joins it to the executable's folder.
fn hash_file(beside: &Path, root: &Path) -> Option<PathBuf> {
    let name = env::var_os("LEPTOS_HASH_FILE_NAME").map_or_else(|| PathBuf::from(HASHES), PathBuf::from);
    let file = beside.join(name.file_name()?);
    let hashes = std::fs::read_to_string(&file).ok()?;
    let script = hashes.lines().find_map(|line| line.strip_prefix("js:"))?.trim();
    // A build without hashes leaves an older list behind.
    root.join(PKG).join(format!("{OUTPUT_NAME}.{script}.js")).is_file().then_some(file)
}

/// The files under `/pkg`.
pub fn pkg(options: &LeptosOptions) -> Router {
    let folder = Path::new(&*options.site_root).join(PKG);
    let caching = if options.hash_files { "public, max-age=31536000, immutable" } else { "no-cache" };
    let caching = HeaderValue::from_static(caching);
    Router::new()
        .fallback_service(files(&folder))
        .layer(map_response(move |response: Response| std::future::ready(cached(response, &caching))))
}

/// The other files of the site, such as icons, and `otherwise` for what is none of them.
pub fn public<S>(options: &LeptosOptions, otherwise: S) -> ServeDir<S>
where
    S: Service<Request<Body>, Response = Response, Error = Infallible> + Clone,
{
    files(Path::new(&*options.site_root)).call_fallback_on_method_not_allowed(true).fallback(otherwise)
}

fn files(folder: &Path) -> ServeDir {
    ServeDir::new(folder).append_index_html_on_directories(false).precompressed_br().precompressed_gzip()
}

fn cached(mut response: Response, caching: &HeaderValue) -> Response {
    let found = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    let caching = if found { caching.clone() } else { HeaderValue::from_static("no-store") };
    response.headers_mut().insert(header::CACHE_CONTROL, caching);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_count_only_where_their_files_are() {
        let folder = tempfile::tempdir().unwrap();
        let (beside, root) = (folder.path().join("debug"), folder.path().join("site"));
        std::fs::create_dir_all(root.join(PKG)).unwrap();
        std::fs::create_dir_all(&beside).unwrap();
        assert_eq!(hash_file(&beside, &root), None);
        std::fs::write(beside.join(HASHES), "js: abc\nwasm: def\ncss: ghi\n").unwrap();
        assert_eq!(hash_file(&beside, &root), None);
        std::fs::write(root.join(PKG).join("holdfast.abc.js"), "").unwrap();
        assert_eq!(hash_file(&beside, &root), Some(beside.join(HASHES)));
    }
}
