//! Which files Meta takes, for which kind of message, and how large (§1.2, §9).

const MB: usize = 1024 * 1024;

/// A static sticker's largest file; an animated one may have [`STICKER_ANIMATED`].
const STICKER_STATIC: usize = 100 * 1024;
const STICKER_ANIMATED: usize = 500 * 1024;

/// The largest of all: a document.
pub(crate) const LARGEST: usize = 100 * MB;

/// One accepted type of file.
struct Accepted {
    mime: &'static str,
    /// The kind of message it is for; documents may be of every type.
    kind: &'static str,
    max: usize,
    /// How such a file begins, at which offset; empty when nothing is looked at.
    begins: (usize, &'static [u8]),
}

const fn is(
    mime: &'static str,
    kind: &'static str,
    max: usize,
    begins: (usize, &'static [u8]),
) -> Accepted {
    Accepted {
        mime,
        kind,
        max,
        begins,
    }
}

const ANY: (usize, &[u8]) = (0, b"");

const ACCEPTED: &[Accepted] = &[
    is("audio/aac", "audio", 16 * MB, ANY),
    is("audio/mp4", "audio", 16 * MB, (4, b"ftyp")),
    is("audio/mpeg", "audio", 16 * MB, ANY),
    is("audio/amr", "audio", 16 * MB, (0, b"#!AMR")),
    is("audio/ogg", "audio", 16 * MB, (0, b"OggS")),
    is("audio/opus", "audio", 16 * MB, ANY),
    is("application/vnd.ms-powerpoint", "document", LARGEST, ANY),
    is("application/msword", "document", LARGEST, ANY),
    is(
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "document",
        LARGEST,
        ANY,
    ),
    is(
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "document",
        LARGEST,
        ANY,
    ),
    is(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "document",
        LARGEST,
        ANY,
    ),
    is("application/pdf", "document", LARGEST, (0, b"%PDF")),
    is("text/plain", "document", LARGEST, ANY),
    is("application/vnd.ms-excel", "document", LARGEST, ANY),
    is("image/jpeg", "image", 5 * MB, (0, b"\xff\xd8\xff")),
    is("image/png", "image", 5 * MB, (0, b"\x89PNG")),
    is("image/webp", "sticker", STICKER_ANIMATED, (8, b"WEBP")),
    is("video/mp4", "video", 16 * MB, (4, b"ftyp")),
    is("video/3gpp", "video", 16 * MB, (4, b"ftyp")),
];

fn accepted(mime: &str) -> Option<&'static Accepted> {
    ACCEPTED.iter().find(|one| one.mime == mime)
}

/// `audio/ogg; codecs=opus` is `audio/ogg`.
pub(crate) fn base(mime: &str) -> String {
    let before = mime.split_once(';').map_or(mime, |(before, _)| before);
    before.trim().to_ascii_lowercase()
}

/// Whether an upload may have this type and size; the error is Meta's sentence, or what is too large.
pub(crate) fn check_upload(mime: &str, size: usize) -> Result<(), Refused> {
    let base = base(mime);
    let Some(known) = accepted(&base) else {
        let list: Vec<&str> = ACCEPTED.iter().map(|one| one.mime).collect();
        let got: String = mime.chars().take(100).collect();
        return Err(Refused::Type(format!(
            "Param file must be a file with one of the following types: {}. Received file of type '{got}'.",
            list.join(", ")
        )));
    };
    if size > known.max {
        return Err(Refused::Size(format!(
            "the file has {size} bytes, {base} may have at most {}",
            known.max
        )));
    }
    Ok(())
}

/// Why an upload is not taken.
pub(crate) enum Refused {
    Type(String),
    Size(String),
}

/// Why a file cannot be sent as this kind of message (131053), `None` when it can.
pub(crate) fn misfit(kind: &str, mime: &str, bytes: &[u8], voice: bool) -> Option<String> {
    let base = base(mime);
    let known = accepted(&base);
    let is_of = known.map_or("document", |known| known.kind);
    if kind != "document" && kind != is_of {
        return Some(format!("Unsupported {kind} mime type {base}"));
    }
    if let Some(known) = known {
        let (at, wanted) = known.begins;
        if !wanted.is_empty() && bytes.get(at..at + wanted.len()) != Some(wanted) {
            return Some(format!(
                "the file is uploaded as {base} but its content is something else"
            ));
        }
    }
    if voice && base != "audio/ogg" {
        return Some(format!(
            "a voice message must be audio/ogg with the OPUS codec, not {base}"
        ));
    }
    if kind == "sticker" && !is_animated(bytes) && bytes.len() > STICKER_STATIC {
        return Some(format!(
            "a static sticker may have at most {STICKER_STATIC} bytes, this one has {}",
            bytes.len()
        ));
    }
    None
}

/// The animation flag of an extended WebP file.
pub(crate) fn is_animated(webp: &[u8]) -> bool {
    webp.get(12..16) == Some(b"VP8X") && webp.get(20).is_some_and(|flags| flags & 0b10 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_fits_its_own_kind_and_documents_take_all() {
        let jpeg = b"\xff\xd8\xff\xe0";
        assert_eq!(misfit("image", "image/jpeg", jpeg, false), None);
        assert_eq!(misfit("document", "image/jpeg", jpeg, false), None);
        assert!(misfit("video", "image/jpeg", jpeg, false).is_some());
        assert!(misfit("image", "image/png", jpeg, false).is_some());
        assert!(misfit("audio", "audio/mpeg", b"ID3", true).is_some());
        assert_eq!(
            misfit("audio", "audio/ogg; codecs=opus", b"OggS", true),
            None
        );
    }

    #[test]
    fn sizes_have_a_test_on_each_side() {
        assert!(check_upload("image/png", 5 * MB).is_ok());
        assert!(matches!(
            check_upload("image/png", 5 * MB + 1),
            Err(Refused::Size(_))
        ));
        assert!(matches!(
            check_upload("application/zip", 1),
            Err(Refused::Type(_))
        ));
        let mut still = b"RIFF....WEBPVP8 ".to_vec();
        still.resize(STICKER_STATIC, 0);
        assert_eq!(misfit("sticker", "image/webp", &still, false), None);
        still.push(0);
        assert!(misfit("sticker", "image/webp", &still, false).is_some());
        still[12..16].copy_from_slice(b"VP8X");
        still[20] = 0b10;
        assert_eq!(misfit("sticker", "image/webp", &still, false), None);
    }
}
