//! The words around every page.

pub(super) const ROWS: super::Rows = &[
    ("frame.menu", ["Páginas", "Páginas", "Pages"]),
    (
        "frame.skip",
        [
            "Ir al contenido",
            "Ir para o conteúdo",
            "Skip to the content",
        ],
    ),
    ("frame.open", ["Abrir", "Abrir", "Open"]),
];
