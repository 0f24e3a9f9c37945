//! Whether a person would see anything.

use portero_domain::content::Content;

/// Whether a character leaves no mark: spaces, zero-width, bidi and format characters, variation
/// selectors, fillers.
fn leaves_no_mark(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a text shows anything.
pub(crate) fn is_visible(text: &str) -> bool {
    text.chars().any(|c| !leaves_no_mark(c))
}

/// Whether a content shows anything. Media, reactions (an empty one removes) and templates do.
pub(crate) fn content_is_visible(content: &Content) -> bool {
    match content {
        Content::Text(t) => is_visible(&t.body),
        Content::Interactive(i) => is_visible(&i.body),
        Content::Media(_) | Content::Reaction(_) | Content::Template(_) => true,
    }
}
