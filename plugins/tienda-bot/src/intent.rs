//! What a text is about, by words of all three languages: people mix them.

/// What somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    Person,
    StopOffers,
    Orders,
    Offers,
    Hours,
    Address,
    Menu,
    Thanks,
    Greeting,
}

/// In order of weight: "hola, quiero hablar con una persona" is about the person.
const WORDS: [(Intent, &[&str]); 8] = [
    (
        Intent::Person,
        &[
            "persona",
            "humano",
            "humana",
            "asesor",
            "asesora",
            "agente",
            "operador",
            "operadora",
            "alguien",
            "pessoa",
            "atendente",
            "alguem",
            "human",
            "person",
            "agent",
            "someone",
            "somebody",
        ],
    ),
    (
        Intent::Orders,
        &[
            "pedido",
            "pedidos",
            "orden",
            "ordenes",
            "envio",
            "entrega",
            "paquete",
            "seguimiento",
            "encomenda",
            "rastreio",
            "rastrear",
            "order",
            "orders",
            "delivery",
            "package",
            "tracking",
            "mi compra",
            "minha compra",
            "my purchase",
        ],
    ),
    (
        Intent::Offers,
        &[
            "oferta",
            "ofertas",
            "promo",
            "promos",
            "promocion",
            "promociones",
            "descuento",
            "descuentos",
            "novedades",
            "promocao",
            "promocoes",
            "desconto",
            "descontos",
            "novidades",
            "offer",
            "offers",
            "discount",
            "discounts",
            "deals",
        ],
    ),
    (
        Intent::Hours,
        &[
            "horario",
            "horarios",
            "abren",
            "abre",
            "abierto",
            "abierta",
            "abiertos",
            "cierran",
            "cierra",
            "aberto",
            "aberta",
            "abertos",
            "abrem",
            "fecham",
            "hours",
            "open",
            "opening",
            "close",
            "a que hora",
            "que horas",
        ],
    ),
    (
        Intent::Address,
        &[
            "direccion",
            "ubicacion",
            "donde estan",
            "donde queda",
            "endereco",
            "onde fica",
            "onde voces ficam",
            "localizacao",
            "address",
            "location",
            "where are you",
        ],
    ),
    (
        Intent::Menu,
        &[
            "menu", "opciones", "opcoes", "options", "ayuda", "ajuda", "help",
        ],
    ),
    (
        Intent::Thanks,
        &[
            "gracias",
            "obrigado",
            "obrigada",
            "valeu",
            "thanks",
            "thank you",
        ],
    ),
    (
        Intent::Greeting,
        &[
            "hola",
            "buenas",
            "buen dia",
            "buenos dias",
            "oi",
            "ola",
            "bom dia",
            "boa tarde",
            "boa noite",
            "hi",
            "hello",
            "hey",
            "good morning",
            "good afternoon",
            "good evening",
        ],
    ),
];

const NOT: [&str; 9] = [
    "no", "nao", "not", "dont", "don t", "sin", "sem", "nunca", "stop",
];

impl Intent {
    /// What a text is about; `None` when no known word is in it.
    pub(crate) fn of(text: &str) -> Option<Intent> {
        let text = plain(text);
        let has = |phrase: &&str| text.contains(&format!(" {phrase} "));
        let (intent, _) = WORDS.iter().find(|(_, words)| words.iter().any(has))?;
        // "no quiero más ofertas" must never be taken as asking for them.
        if *intent == Intent::Offers && NOT.iter().any(has) {
            return Some(Intent::StopOffers);
        }
        Some(*intent)
    }
}

/// Lower case, without accents, every other sign a space, a space at both ends.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::from(" ");
    for c in text.chars().flat_map(char::to_lowercase) {
        let c = match c {
            'á' | 'à' | 'â' | 'ã' | 'ä' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'í' | 'ì' | 'î' | 'ï' => 'i',
            'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
            'ú' | 'ù' | 'û' | 'ü' => 'u',
            'ñ' => 'n',
            'ç' => 'c',
            // Combining accents, of texts that come decomposed.
            '\u{300}'..='\u{36f}' => continue,
            c if c.is_alphanumeric() => c,
            _ => ' ',
        };
        if c != ' ' || !out.ends_with(' ') {
            out.push(c);
        }
    }
    if !out.ends_with(' ') {
        out.push(' ');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_three_languages_are_known() {
        for (text, intent) in [
            ("¡Hola!", Intent::Greeting),
            ("Oi", Intent::Greeting),
            ("hi", Intent::Greeting),
            ("OLÁ, tudo bem?", Intent::Greeting),
            ("¿A qué hora abren?", Intent::Hours),
            ("Qual é o horário?", Intent::Hours),
            ("what are your opening hours", Intent::Hours),
            ("¿Dónde está mi pedido?", Intent::Orders),
            ("cadê minha encomenda", Intent::Orders),
            ("Where is my order?", Intent::Orders),
            ("quiero ofertas", Intent::Offers),
            ("tem promoção?", Intent::Offers),
            ("any discounts?", Intent::Offers),
            ("no quiero más ofertas", Intent::StopOffers),
            ("don't send me offers", Intent::StopOffers),
            ("não quero promoções", Intent::StopOffers),
            ("hola, quiero hablar con una persona", Intent::Person),
            ("falar com atendente", Intent::Person),
            ("can I talk to a human", Intent::Person),
            ("Menú", Intent::Menu),
            ("Opções", Intent::Menu),
            ("muchas gracias", Intent::Thanks),
            ("¿Dónde queda?", Intent::Address),
            ("Qual o endereço?", Intent::Address),
        ] {
            assert_eq!(Intent::of(text), Some(intent), "{text}");
        }
    }

    #[test]
    fn a_word_inside_another_word_does_not_count() {
        for text in [
            "hidrógeno",
            "oiseau",
            "reordered",
            "",
            "   ",
            "🙂",
            "Mannheim",
        ] {
            assert_eq!(Intent::of(text), None, "{text}");
        }
    }

    #[test]
    fn accents_may_come_composed_or_decomposed() {
        assert_eq!(plain("Olá"), plain("Ola\u{301}"));
    }
}
