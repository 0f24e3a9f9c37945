//! Script, style and icon of the pages, built into the binary and served with an ETag.

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

const ASSETS: &[Asset] = &[
    Asset {
        name: "phone.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/phone.css"),
    },
    Asset {
        name: "phone.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/phone.js"),
    },
    Asset {
        name: "frame.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/frame.css"),
    },
    Asset {
        name: "policy.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/policy.css"),
    },
    Asset {
        name: "home.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/home.css"),
    },
    Asset {
        name: "people.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/people.css"),
    },
    Asset {
        name: "inbox.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/inbox.css"),
    },
    Asset {
        name: "figures.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/figures.css"),
    },
    Asset {
        name: "proof.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/proof.css"),
    },
    Asset {
        name: "copy.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/copy.js"),
    },
    Asset {
        name: "sheet.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/sheet.css"),
    },
    Asset {
        name: "access.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/access.css"),
    },
    Asset {
        name: "verdicts.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/verdicts.css"),
    },
    Asset {
        name: "manage.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/manage.css"),
    },
    Asset {
        name: "busy.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/busy.js"),
    },
    Asset {
        name: "live.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/live.js"),
    },
    Asset {
        name: "news.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/news.js"),
    },
    Asset {
        name: "upload.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/upload.js"),
    },
    Asset {
        name: "icon.svg",
        kind: "image/svg+xml",
        bytes: include_bytes!("../assets/icon.svg"),
    },
];

/// Changes whenever the bytes do (FNV-1a, 64 bit: it names a version, it protects nothing).
fn tag(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("\"{hash:016x}\"")
}

/// `GET /console/assets/{name}`: the file, or 304 when the browser has this version.
pub(crate) async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = ASSETS.iter().find(|a| a.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let tag = tag(asset.bytes);
    let known = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .any(|v| v.trim().trim_start_matches("W/") == tag || v.trim() == "*");
    // `no-cache` means: ask each time, and be told 304.
    let common = [(ETAG, tag.as_str()), (CACHE_CONTROL, "no-cache")];
    if known {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, [(CONTENT_TYPE, asset.kind)], asset.bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[tokio::test]
    async fn an_asset_comes_once_and_then_as_not_modified() {
        let first = serve(Path("phone.js".to_owned()), HeaderMap::new()).await;
        assert_eq!(first.status(), StatusCode::OK);
        let tag = first.headers().get(ETAG).unwrap().clone();
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, HeaderValue::from_static("\"0\""));
        headers.append(IF_NONE_MATCH, tag);
        let second = serve(Path("phone.js".to_owned()), headers).await;
        assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
    }

    #[tokio::test]
    async fn another_version_or_another_name_is_not_taken_for_it() {
        let mut headers = HeaderMap::new();
        headers.insert(
            IF_NONE_MATCH,
            HeaderValue::from_static("\"0123456789abcdef\""),
        );
        let answer = serve(Path("phone.css".to_owned()), headers).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let answer = serve(Path("../Cargo.toml".to_owned()), HeaderMap::new()).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn the_files_keep_to_the_policy_of_the_pages() {
        let script = std::str::from_utf8(ASSETS[1].bytes).unwrap();
        for word in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "eval(",
            "setAttribute(\"style\"",
        ] {
            assert!(!script.contains(word), "phone.js uses {word}");
        }
        let page = include_str!("../templates/phone.html");
        for word in ["style=", "onclick", "onload", "<style", "javascript:"] {
            assert!(!page.contains(word), "phone.html uses {word}");
        }
        let scripts = page.matches("<script").count();
        assert_eq!(
            scripts,
            page.matches("<script src=").count(),
            "no inline script"
        );
    }
}
