//! The built half of the browser: where it lies, and how it is served.
//!
//! A build leaves a folder with `pkg/` (script, WASM and style sheet, whose names carry a hash of what is in them) and
//! the files of `public/`, and beside the executable `hash.txt` with those hashes. A release executable has all of it
//! [inside](embedded). Otherwise, and where `LEPTOS_SITE_ROOT` is set (as `cargo leptos` does), the folder is looked for
//! there, then in `site` beside the executable, then in `site` one folder up (where Cargo keeps the profiles' folders),
//! then in `target/site` of the working directory. Without it pages and forms work, without style and script.

mod embedded;

use std::{
    env, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn, map_response},
    response::{IntoResponse, Response},
};
use leptos::config::{Env, LeptosOptions};
use tower_http::services::ServeDir;

/// The name that Cargo.toml gives to the script and the style sheet.
const OUTPUT_NAME: &str = "holdfast";
const PKG: &str = "pkg";
const HASHES: &str = "hash.txt";

/// The built half of the browser.
#[derive(Clone)]
pub struct Site {
    /// What leptos needs to know to name the script and the style sheet in a page.
    pub options: LeptosOptions,
    is_inside: bool,
}

impl Site {
    /// Leptos reads the hashes from a file: those that are inside are written to `data_dir`.
    pub fn find(address: SocketAddr, data_dir: &Path) -> io::Result<Self> {
        let inside = if env::var_os("LEPTOS_SITE_ROOT").is_none() { embedded::hashes() } else { None };
        let Some(hashes) = inside else {
            return Ok(Self { options: options_of_folder(address), is_inside: false });
        };
        let root = std::path::absolute(data_dir.join("site"))?;
        std::fs::create_dir_all(&root)?;
        std::fs::write(root.join(HASHES), hashes)?;
        Ok(Self { options: options(address, &root, Some(&root.join(HASHES))), is_inside: true })
    }

    /// The files under `/pkg`.
    pub fn pkg(&self) -> Router {
        let caching = if self.options.hash_files { "public, max-age=31536000, immutable" } else { "no-cache" };
        let caching = HeaderValue::from_static(caching);
        let files = if self.is_inside {
            Router::new().fallback(async |request: Request| {
                let path = format!("{PKG}{}", request.uri().path());
                embedded::answer(&path, request.headers()).unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
            })
        } else {
            Router::new().fallback_service(files(&Path::new(&*self.options.site_root).join(PKG)))
        };
        files.layer(map_response(move |response: Response| std::future::ready(cached(response, &caching))))
    }

    /// The other files of the site, such as icons, and `otherwise` for what is none of them.
    pub fn public(&self, otherwise: Router) -> Router {
        if self.is_inside {
            otherwise.layer(from_fn(async |request: Request, next: Next| {
                let reads = request.method() == Method::GET || request.method() == Method::HEAD;
                let file = reads.then(|| embedded::answer(request.uri().path(), request.headers())).flatten();
                match file {
                    Some(file) => file,
                    None => next.run(request).await,
                }
            }))
        } else {
            let files = files(Path::new(&*self.options.site_root)).call_fallback_on_method_not_allowed(true);
            Router::new().fallback_service(files.fallback(otherwise))
        }
    }
}

fn options_of_folder(address: SocketAddr) -> LeptosOptions {
    let beside = env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_path_buf)).unwrap_or_default();
    let root = site_root(&beside);
    options(address, &root, hash_file(&beside, &root).as_deref())
}

/// Leptos panics where hashed names are asked for and the file of hashes is missing.
fn options(address: SocketAddr, root: &Path, hashes: Option<&Path>) -> LeptosOptions {
    let options = LeptosOptions::builder()
        .output_name(OUTPUT_NAME)
        .site_root(root.to_string_lossy())
        .site_pkg_dir(PKG)
        .site_addr(address)
        .env(if is_watched() { Env::DEV } else { Env::PROD })
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
