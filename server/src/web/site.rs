//! The built half of the browser: where it lies, and how it is served.
//!
//! A build leaves a folder with `pkg/<hash>/` (script, WASM and style sheet; the hash is that of all that they are made of)
//! and the files of `public/`. A release executable has all of it [inside](embedded). Otherwise, and where
//! `LEPTOS_SITE_ROOT` is set (as `cargo leptos` does), the folder is looked for there, then in `site` beside the executable,
//! then in `site` one folder up (where Cargo keeps the profiles' folders), then in `target/site` of the working directory.
//! Without it pages and forms work, without style and script.

mod embedded;

use std::{
    env, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use app::browser::prefetch::PARTS;
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

/// The built half of the browser.
#[derive(Clone)]
pub struct Site {
    /// What leptos needs to know to name the script and the style sheet in a page.
    pub options: LeptosOptions,
    /// Whether the files' folder carries a hash, so that browsers may keep them for good.
    is_hashed: bool,
    is_inside: bool,
}

impl Site {
    /// Leptos reads from a file which parts of the WASM each page needs: the list that is inside is written to `data_dir`.
    /// Without it browsers load the parts later than they could.
    pub fn find(address: SocketAddr, data_dir: &Path) -> Self {
        let inside = if env::var_os("LEPTOS_SITE_ROOT").is_none() { embedded::hash() } else { None };
        let is_inside = inside.is_some();
        let (root, hash) = if let Some(hash) = inside {
            let root = std::path::absolute(data_dir.join("site")).unwrap_or_default();
            if let Err(error) = write_parts(&root.join(PKG).join(&hash), &hash) {
                tracing::warn!(%error, "the list of the pages' parts was not written to the data folder");
            }
            (root, Some(hash))
        } else {
            let root = site_root();
            let hash = hash_below(&root);
            (root, hash)
        };
        let package = hash.as_ref().map_or_else(|| PKG.to_owned(), |hash| format!("{PKG}/{hash}"));
        let options = LeptosOptions::builder()
            .output_name(OUTPUT_NAME)
            .site_root(root.to_string_lossy())
            .site_pkg_dir(package)
            .site_addr(address)
            .env(if is_watched() { Env::DEV } else { Env::PROD })
            .build();
        Self { options, is_hashed: hash.is_some(), is_inside }
    }

    /// Tells builds apart: where the script lies.
    pub fn version(&self) -> &str {
        &self.options.site_pkg_dir
    }

    /// The files under `/pkg`.
    pub fn pkg(&self) -> Router {
        let caching = if self.is_hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
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

/// Whether `cargo leptos watch` runs the server and reloads pages.
pub fn is_watched() -> bool {
    env::var_os("LEPTOS_WATCH").is_some()
}

fn site_root() -> PathBuf {
    if let Some(root) = env::var_os("LEPTOS_SITE_ROOT") {
        return root.into();
    }
    let beside = env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_path_buf)).unwrap_or_default();
    let places = [beside.join("site"), beside.join("../site"), PathBuf::from("target/site")];
    let found = places.iter().find(|place| place.join(PKG).is_dir());
    if found.is_none() {
        tracing::warn!(looked_in = ?places, "the site's script and style are not there; build them or set LEPTOS_SITE_ROOT");
    }
    found.unwrap_or(&places[0]).clone()
}

/// Writes the list of the parts that is inside to where leptos looks for it.
fn write_parts(folder: &Path, hash: &str) -> io::Result<()> {
    let Some(parts) = embedded::content(&format!("{PKG}/{hash}/{PARTS}")) else { return Ok(()) };
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join(PARTS), parts)
}

/// The folder of the files; `None` where they lie in `pkg` itself, as `cargo leptos watch` has them.
fn hash_below(root: &Path) -> Option<String> {
    let script = format!("{OUTPUT_NAME}.js");
    let folders = std::fs::read_dir(root.join(PKG)).ok()?.flatten();
    let found = folders.map(|folder| folder.path()).find(|folder| folder.join(&script).is_file())?;
    Some(found.file_name()?.to_string_lossy().into_owned())
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
    fn the_hash_is_that_of_the_folder_with_the_script() {
        let site = tempfile::tempdir().unwrap();
        let package = site.path().join(PKG);
        assert_eq!(hash_below(site.path()), None);
        std::fs::create_dir_all(package.join("other")).unwrap();
        std::fs::write(package.join("holdfast.js"), "").unwrap();
        assert_eq!(hash_below(site.path()), None);
        std::fs::create_dir(package.join("0123abcd")).unwrap();
        std::fs::write(package.join("0123abcd/holdfast.js"), "").unwrap();
        assert_eq!(hash_below(site.path()).as_deref(), Some("0123abcd"));
    }
}
