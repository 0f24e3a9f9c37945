//! The demo's two shops as Meta knows them: numbers, templates, people. All invented.

use portero_domain::ids::IdSource;
use portero_simulator::{
    AccessToken, NumberConfig, PersonConfig, Timings, WabaConfig, WorldConfig,
};
use serde_json::{Value, json};

/// What host and simulator share.
#[derive(Clone)]
pub struct Secrets {
    /// Signs webhooks.
    pub app_secret: String,
    /// Verifies the callback.
    pub verify_token: String,
    /// Lets into the Graph API.
    pub access_token: String,
}

impl Secrets {
    /// Fresh ones.
    #[must_use]
    pub fn random(ids: &dyn IdSource) -> Secrets {
        let fresh = |prefix: &str| {
            let mut bytes = [0_u8; 16];
            ids.random(&mut bytes);
            format!("{prefix}{}", hex::encode(bytes))
        };
        Secrets {
            app_secret: fresh(""),
            verify_token: fresh("verify-"),
            access_token: fresh("EAAsim"),
        }
    }

    /// Known ones, for a simulator that runs alone on loopback.
    #[must_use]
    pub fn fixed() -> Secrets {
        Secrets {
            app_secret: "simulator-app-secret".to_owned(),
            verify_token: "simulator-verify-token".to_owned(),
            access_token: "simulator-access-token".to_owned(),
        }
    }
}

/// One shop as the demo sets it up.
#[derive(Clone, Debug)]
pub struct Shop {
    /// Short name.
    pub slug: &'static str,
    /// Name.
    pub name: &'static str,
    /// `es` or `pt`.
    pub language: &'static str,
    /// Meta's code of its templates.
    pub template_language: &'static str,
    /// Country.
    pub country: &'static str,
    /// Zone.
    pub timezone: &'static str,
    /// Account.
    pub waba: &'static str,
    /// Number id.
    pub number: &'static str,
    /// Number as shown.
    pub display: &'static str,
    /// People, the first is the one programs may use.
    pub people: Vec<Person>,
}

/// One person of a shop.
#[derive(Clone, Debug)]
pub struct Person {
    /// Name.
    pub name: String,
    /// Digits; `None` for somebody known by user id alone.
    pub wa_id: Option<String>,
    /// User id.
    pub user_id: String,
    /// Agreed to offers, with the promise given.
    pub offers: Option<u32>,
}

impl Person {
    /// What the simulator's control API calls them.
    #[must_use]
    pub fn key(&self) -> &str {
        self.wa_id.as_deref().unwrap_or(&self.user_id)
    }
}

const NAMES_ES: [&str; 8] = [
    "Ana", "Lucía", "Diego", "Marta", "Camilo", "Sofía", "Andrés", "Valeria",
];
const NAMES_PT: [&str; 8] = [
    "João", "Beatriz", "Rafael", "Luana", "Caio", "Helena", "Tiago", "Marina",
];

/// The two shops; the seed turns the names.
#[must_use]
pub fn shops(seed: u64) -> [Shop; 2] {
    let turn = usize::try_from(seed % 8).unwrap_or_default();
    let name = |names: &[&str; 8], i: usize| {
        names
            .iter()
            .cycle()
            .nth(turn + i)
            .copied()
            .unwrap_or("Ana")
            .to_owned()
    };
    let person = |name: String, wa: &str, country: &str, n: u64, offers: Option<u32>| Person {
        name,
        wa_id: (!wa.is_empty()).then(|| wa.to_owned()),
        user_id: format!("{country}.{}", 90_011_223_344_000_u64 + n),
        offers,
    };
    [
        Shop {
            slug: "tienda-sol",
            name: "Tienda Sol",
            language: "es",
            template_language: "es",
            country: "CO",
            timezone: "America/Bogota",
            waba: "301000000000001",
            number: "401000000000001",
            display: "+57 601 555 0101",
            people: vec![
                person(name(&NAMES_ES, 0), "573005550001", "CO", 1, None),
                person(name(&NAMES_ES, 1), "573005550002", "CO", 2, None),
                person(name(&NAMES_ES, 2), "573005550003", "CO", 3, Some(2)),
                person(name(&NAMES_ES, 3), "573005550004", "CO", 4, Some(1)),
                person(name(&NAMES_ES, 4), "", "CO", 5, None),
            ],
        },
        Shop {
            slug: "loja-lua",
            name: "Loja Lua",
            language: "pt",
            template_language: "pt_BR",
            country: "BR",
            timezone: "America/Sao_Paulo",
            waba: "301000000000002",
            number: "401000000000002",
            display: "+55 11 5555-0202",
            people: vec![
                person(name(&NAMES_PT, 0), "5511955550001", "BR", 11, None),
                person(name(&NAMES_PT, 1), "551195555002", "BR", 12, Some(2)),
                person(name(&NAMES_PT, 2), "5511955550003", "BR", 13, None),
            ],
        },
    ]
}

/// All at once: the demo's clock stands still while its day is told.
#[must_use]
pub fn at_once() -> Timings {
    Timings {
        sent_ms: 0,
        delivered_ms: 0,
        read_ms: 0,
        failed_ms: 0,
        ..Timings::default()
    }
}

/// Quicker than life, so that the half hour fits into seconds.
#[must_use]
pub fn quick() -> Timings {
    Timings {
        sent_ms: 5,
        delivered_ms: 20,
        read_ms: 60,
        failed_ms: 10,
        ..Timings::default()
    }
}

/// The same world as the simulator starts from it.
#[must_use]
pub fn config(seed: u64, secrets: &Secrets) -> WorldConfig {
    let shops = shops(seed);
    let mut people = Vec::new();
    let mut wabas = Vec::new();
    for shop in &shops {
        for p in &shop.people {
            people.push(PersonConfig {
                name: p.name.clone(),
                wa_id: p.wa_id.clone(),
                user_id: Some(p.user_id.clone()),
                username: None,
                online: true,
                receipts: true,
                chat_open: false,
                on_whatsapp: true,
                holdout: false,
                on_web: false,
                auto: Vec::new(),
            });
        }
        wabas.push(WabaConfig {
            id: shop.waba.to_owned(),
            portfolio: "501000000000001".to_owned(),
            name: shop.name.to_owned(),
            timezone: shop.timezone.to_owned(),
            payment_method: true,
            subscribed: true,
            marketing_messages: true,
            marketing_only_there: false,
            template_limit: 250,
            warned: false,
            numbers: vec![NumberConfig {
                quality: "GREEN".to_owned(),
                phone_number_id: shop.number.to_owned(),
                display: shop.display.to_owned(),
                mps: 80,
                verified_name: shop.name.to_owned(),
                registered: true,
            }],
            templates: templates(shop),
        });
    }
    WorldConfig {
        seed,
        wabas,
        people,
        access_tokens: vec![AccessToken::from(secrets.access_token.as_str())],
        app_secret: secrets.app_secret.clone(),
        verify_token: secrets.verify_token.clone(),
        timings: quick(),
        ..WorldConfig::default()
    }
}

/// The shop's question whether it may send offers, with what its yes and its no say.
pub fn question(shop: &Shop) -> (String, [&'static str; 2]) {
    if shop.language == "es" {
        let body = format!(
            "{} quiere enviarte ofertas por WhatsApp, como mucho 2 por semana. Puedes parar cuando quieras \
             escribiendo BAJA. Aviso de privacidad: https://privacidad.example/{}. ¿Aceptas?",
            shop.name, shop.slug
        );
        (body, ["Sí, acepto", "No, gracias"])
    } else {
        let body = format!(
            "A {} quer enviar ofertas pelo WhatsApp, no máximo 2 por semana. Você pode parar quando quiser \
             escrevendo SAIR. Aviso de privacidade: https://privacidade.example/{}. Aceita?",
            shop.name, shop.slug
        );
        (body, ["Sim, aceito", "Não, obrigado"])
    }
}

fn templates(shop: &Shop) -> Vec<Value> {
    let es = shop.language == "es";
    let say = |a: &str, b: &str| (if es { a } else { b }).to_owned();
    let footer = say(
        "Responde BAJA para no recibir promociones",
        "Responda SAIR para não receber promoções",
    );
    let one = |name: &str, category: &str, status: &str, components: Value| {
        json!({ "name": name, "language": shop.template_language, "category": category, "status": status,
                "parameter_format": "NAMED", "components": components })
    };
    let cart = say(
        "Hola {{nombre}}, tu carrito sigue guardado. ¿Lo terminamos?",
        "Olá {{nombre}}, seu carrinho continua guardado. Vamos finalizar?",
    );
    let order = say(
        "Tu pedido {{pedido}}: {{estado}}. Gracias por comprar con nosotros.",
        "Seu pedido {{pedido}}: {{estado}}. Obrigado por comprar conosco.",
    );
    let promo = say(
        "Esta semana, 20 % en toda la tienda.",
        "Nesta semana, 20 % em toda a loja.",
    );
    let stop = json!({ "type": "BUTTONS", "buttons": [
        { "type": "QUICK_REPLY", "text": say("No recibir", "Não receber") } ] });
    let (question, answers) = question(shop);
    let answers: Vec<Value> = answers
        .iter()
        .map(|text| json!({ "type": "QUICK_REPLY", "text": text }))
        .collect();
    vec![
        one(
            "pedido_estado",
            "UTILITY",
            "APPROVED",
            json!([{ "type": "BODY", "text": order }]),
        ),
        one(
            "carrito_recordatorio",
            "MARKETING",
            "APPROVED",
            json!([{ "type": "BODY", "text": cart }, { "type": "FOOTER", "text": footer }, stop]),
        ),
        one(
            "promo_semana",
            "MARKETING",
            "APPROVED",
            json!([{ "type": "BODY", "text": promo }, { "type": "FOOTER", "text": footer }, stop]),
        ),
        one(
            "promo_pausada",
            "MARKETING",
            "APPROVED",
            json!([{ "type": "BODY", "text": promo }, { "type": "FOOTER", "text": footer }]),
        ),
        one(
            "promo_sin_salida",
            "MARKETING",
            "APPROVED",
            json!([{ "type": "BODY", "text": promo }]),
        ),
        one(
            "promo_rechazada",
            "MARKETING",
            "REJECTED",
            json!([{ "type": "BODY", "text": promo }]),
        ),
        one(
            "aviso_nuevo",
            "UTILITY",
            "PENDING",
            json!([{ "type": "BODY", "text": order }]),
        ),
        one(
            "permiso_ofertas",
            "UTILITY",
            "APPROVED",
            json!([{ "type": "BODY", "text": question }, { "type": "BUTTONS", "buttons": answers }]),
        ),
    ]
}
