//! The codes that findings hold, in words.

use crate::judgement::{Finding, Verdict};
use crate::rules::Words;

/// Sentence and remedy of a finding that is not a rule's usual one.
pub(crate) struct Instead {
    pub(crate) sentence: Words,
    pub(crate) remedy: Words,
}

/// Words for a fact that was not known, for a direct deny of a rule that usually defers, and for notes.
pub(crate) fn instead(finding: &Finding) -> Option<Instead> {
    if finding.value == "unknown" && finding.rule != "session.window-closed" {
        return Some(Instead {
            sentence: Words {
                es: "No se pudo leer un dato necesario para decidir ({limit}).",
                pt: "Não foi possível ler um dado necessário para decidir ({limit}).",
                en: "A fact needed to decide could not be read ({limit}).",
            },
            remedy: Words {
                es: "Inténtalo más tarde; si se repite, ejecuta `portero doctor`.",
                pt: "Tente mais tarde; se voltar a acontecer, execute `portero doctor`.",
                en: "Try again later; if it happens again, run `portero doctor`.",
            },
        });
    }
    match (
        finding.rule.as_str(),
        finding.outcome,
        finding.value.as_str(),
    ) {
        ("template.unknown", None, _) => Some(Instead {
            sentence: Words {
                es: "La plantilla {value} no se confirma con Meta desde {limit}.",
                pt: "O modelo {value} não é confirmado com a Meta desde {limit}.",
                en: "The template {value} was last confirmed with Meta on {limit}.",
            },
            remedy: Words {
                es: "Ejecuta `portero template sync`.",
                pt: "Execute `portero template sync`.",
                en: "Run `portero template sync`.",
            },
        }),
        ("tenant.sandbox", _, "live") => Some(Instead {
            sentence: Words {
                es: "Esta versión aún no envía a personas reales (modo live).",
                pt: "Esta versão ainda não envia a pessoas reais (modo live).",
                en: "This version does not send to real people yet (live mode).",
            },
            remedy: Words {
                es: "Usa el modo simulador o la lista de prueba hasta que estén todas las reglas.",
                pt: "Use o modo simulador ou a lista de teste até que todas as regras estejam prontas.",
                en: "Use simulator mode or the test list until every rule stands.",
            },
        }),
        ("quiet-hours.tenant", Some(Verdict::Deny), _) => Some(Instead {
            sentence: Words {
                es: "La cuenta no tiene horario abierto ningún día de la semana.",
                pt: "A conta não tem horário aberto em nenhum dia da semana.",
                en: "The tenant has no open hours on any day of the week.",
            },
            remedy: Words {
                es: "Define el horario en la política de la cuenta.",
                pt: "Defina o horário na política da conta.",
                en: "Set the hours in the tenant's policy.",
            },
        }),
        ("frequency.promise-exceeded", Some(Verdict::Deny), _) => Some(Instead {
            sentence: Words {
                es: "A la persona se le prometió {limit}: no cabe ningún envío.",
                pt: "À pessoa foi prometido {limit}: não cabe nenhum envio.",
                en: "The person was promised {limit}: there is room for none.",
            },
            remedy: Words {
                es: "Pide de nuevo el consentimiento con otra frecuencia.",
                pt: "Peça de novo o consentimento com outra frequência.",
                en: "Ask for consent again with another frequency.",
            },
        }),
        ("frequency.cap-tenant", Some(Verdict::Deny), _) => Some(Instead {
            sentence: Words {
                es: "La cuenta no envía ningún mensaje así ({limit}).",
                pt: "A conta não envia nenhuma mensagem assim ({limit}).",
                en: "The tenant sends no such message at all ({limit}).",
            },
            remedy: Words {
                es: "Cambia el tope en la política de la cuenta.",
                pt: "Mude o limite na política da conta.",
                en: "Change the cap in the tenant's policy.",
            },
        }),
        ("template.opt-out-missing", _, "never_synced") => Some(Instead {
            sentence: Words {
                es: "Aún no se ha mirado si la plantilla {evidence} dice cómo parar.",
                pt: "Ainda não se olhou se o modelo {evidence} diz como parar.",
                en: "Nobody has looked yet whether the template {evidence} says how to stop.",
            },
            remedy: Words {
                es: "Ejecuta `portero template sync`.",
                pt: "Execute `portero template sync`.",
                en: "Run `portero template sync`.",
            },
        }),
        _ => None,
    }
}

/// A code in words.
pub(crate) fn find(code: &str) -> Option<Words> {
    TERMS
        .iter()
        .find(|(c, ..)| *c == code)
        .map(|(_, es, pt, en)| Words { es, pt, en })
}

type Term = (&'static str, &'static str, &'static str, &'static str);

const TERMS: &[Term] = &[
    ("none", "ninguno", "nenhum", "none"),
    ("unknown", "desconocido", "desconhecido", "unknown"),
    (
        "never",
        "la persona nunca escribió",
        "a pessoa nunca escreveu",
        "the person never wrote",
    ),
    ("nothing", "nada", "nada", "nothing"),
    ("campaign", "campaña", "campanha", "campaign"),
    ("same_text", "mismo texto", "mesmo texto", "same text"),
    ("opt_outs", "bajas", "descadastros", "opt-outs"),
    (
        "failures",
        "mensajes que Meta no pudo entregar",
        "mensagens que a Meta não pôde entregar",
        "messages Meta could not deliver",
    ),
    (
        "requested",
        "preguntado, sin respuesta",
        "perguntado, sem resposta",
        "asked, not answered",
    ),
    ("declined", "dijo que no", "disse que não", "said no"),
    ("asked", "se le preguntó", "perguntou-se", "asked"),
    (
        "opted_out",
        "se dio de baja",
        "descadastrou-se",
        "opted out",
    ),
    (
        "never_by_us",
        "solo si la persona empieza",
        "só se a pessoa começar",
        "only if the person begins",
    ),
    (
        "unconfirmed",
        "sin confirmar",
        "sem confirmação",
        "not confirmed",
    ),
    (
        "import_refused",
        "importación rechazada",
        "importação recusada",
        "import refused",
    ),
    (
        "consent_age",
        "es demasiado antiguo",
        "é antigo demais",
        "it is too old",
    ),
    (
        "consent_inactivity",
        "la persona lleva demasiado sin dar señales",
        "a pessoa está há tempo demais sem dar sinal",
        "the person has shown no sign for too long",
    ),
    (
        "consent_end",
        "llegó a la fecha que se le puso",
        "chegou à data combinada",
        "it came to the date put on it",
    ),
    ("the_business", "el negocio", "o negócio", "the business"),
    (
        "the_word_whatsapp",
        "la palabra WhatsApp",
        "a palavra WhatsApp",
        "the word WhatsApp",
    ),
    (
        "how_often",
        "cada cuánto",
        "com que frequência",
        "how often",
    ),
    ("how_to_stop", "cómo parar", "como parar", "how to stop"),
    (
        "privacy_link",
        "el enlace al aviso de privacidad",
        "o link do aviso de privacidade",
        "the link to the privacy notice",
    ),
    (
        "two_buttons",
        "dos botones, sí y no",
        "dois botões, sim e não",
        "two buttons, yes and no",
    ),
    (
        "stop_nowhere",
        "ni en botón, ni en pie, ni en texto",
        "nem em botão, nem em rodapé, nem em texto",
        "in no button, footer or text",
    ),
    (
        "percent_off",
        "descuento en porcentaje",
        "desconto em porcentagem",
        "discount in percent",
    ),
    ("coupon", "cupón", "cupom", "coupon"),
    ("bundle", "más por menos", "mais por menos", "more for less"),
    (
        "offer_word",
        "palabra de oferta",
        "palavra de oferta",
        "word of an offer",
    ),
    (
        "call_to_buy",
        "llamada a comprar",
        "chamada para comprar",
        "call to buy",
    ),
    ("price", "precio", "preço", "price"),
    (
        "promotional_sends",
        "promociones enviadas",
        "promoções enviadas",
        "promotion sent",
    ),
    (
        "template_sends",
        "plantillas enviadas",
        "modelos enviados",
        "templates sent",
    ),
    (
        "meta_refusals",
        "rechazos de Meta",
        "recusas da Meta",
        "refusals by Meta",
    ),
    ("granted", "aceptado", "aceito", "granted"),
    (
        "all",
        "todos los mensajes",
        "todas as mensagens",
        "all messages",
    ),
    ("promotional", "promociones", "promoções", "promotion"),
    (
        "transactional",
        "avisos de pedidos",
        "avisos de pedidos",
        "order updates",
    ),
    (
        "consent_request",
        "preguntas de consentimiento",
        "perguntas de consentimento",
        "consent questions",
    ),
    ("reply", "respuestas", "respostas", "replies"),
    ("authentication", "códigos", "códigos", "one-time codes"),
    (
        "all_and_replies",
        "todo, respuestas incluidas",
        "tudo, inclusive respostas",
        "everything, replies included",
    ),
    (
        "same_content",
        "el mismo contenido",
        "o mesmo conteúdo",
        "the same content",
    ),
    (
        "conflict",
        "otro contenido",
        "outro conteúdo",
        "other content",
    ),
    (
        "tenant",
        "toda la cuenta",
        "a conta inteira",
        "the whole tenant",
    ),
    ("number", "este número", "este número", "this number"),
    ("sandbox", "de prueba", "de teste", "sandbox"),
    (
        "people_on_the_list",
        "quien está en la lista",
        "quem está na lista",
        "people on the list",
    ),
    (
        "visible_text",
        "un texto visible",
        "um texto visível",
        "a visible text",
    ),
    (
        "unique",
        "valores únicos",
        "valores únicos",
        "unique values",
    ),
    ("absent", "nada ahí", "nada aí", "nothing there"),
    (
        "id_or_link",
        "un id o un enlace",
        "um id ou um link",
        "an id or a link",
    ),
    ("one_emoji", "un emoji", "um emoji", "one emoji"),
    (
        "registry_name",
        "un nombre del registro",
        "um nome do registro",
        "a name of the registry",
    ),
    (
        "id_of_your_own",
        "un id propio",
        "um id próprio",
        "an id of your own",
    ),
    (
        "one_line",
        "una línea de texto",
        "uma linha de texto",
        "one line of text",
    ),
    (
        "no_names",
        "valores sin nombre",
        "valores sem nome",
        "values without names",
    ),
    (
        "phone_number",
        "un número de teléfono",
        "um número de telefone",
        "a phone number",
    ),
    (
        "after_creation",
        "posterior a su creación",
        "posterior à criação",
        "later than its creation",
    ),
    (
        "sha256_hex",
        "64 dígitos hexadecimales",
        "64 dígitos hexadecimais",
        "64 hexadecimal digits",
    ),
    (
        "no_control_characters",
        "texto sin caracteres de control",
        "texto sem caracteres de controle",
        "text without control characters",
    ),
    (
        "content_facts",
        "datos de otro contenido",
        "dados de outro conteúdo",
        "facts of another content",
    ),
    (
        "facts_of_this_content",
        "los de este contenido",
        "os deste conteúdo",
        "those of this content",
    ),
    ("consent", "consentimiento", "consentimento", "consent"),
    ("timezone", "zona horaria", "fuso horário", "time zone"),
    (
        "rate",
        "velocidad del número",
        "velocidade do número",
        "rate of the number",
    ),
    (
        "plugin",
        "permisos del plugin",
        "permissões do plugin",
        "permissions of the plugin",
    ),
    (
        "kind_segmentation",
        "un plugin de segmentación no envía",
        "um plugin de segmentação não envia",
        "a segmentation plugin never sends",
    ),
    (
        "kind_analytics",
        "un plugin de analítica no envía",
        "um plugin de análise não envia",
        "an analytics plugin never sends",
    ),
    (
        "per_call",
        "en esta llamada",
        "nesta chamada",
        "in this call",
    ),
    (
        "contact_hour",
        "a esta persona en una hora",
        "a esta pessoa em uma hora",
        "to this person in an hour",
    ),
    ("minute", "en un minuto", "em um minuto", "in a minute"),
    (
        "since_inbound",
        "desde que la persona escribió",
        "desde que a pessoa escreveu",
        "since the person wrote",
    ),
    ("blank", "vacío", "vazio", "blank"),
    ("newline", "salto de línea", "quebra de linha", "line break"),
    ("tab", "tabulador", "tabulação", "tab"),
    (
        "spaces",
        "más de cuatro espacios seguidos",
        "mais de quatro espaços seguidos",
        "more than four spaces in a row",
    ),
    (
        "not_encoded",
        "sin codificar",
        "sem codificar",
        "not percent-encoded",
    ),
    ("duplicate_id", "id repetido", "id repetido", "repeated id"),
    (
        "duplicate_title",
        "título repetido",
        "título repetido",
        "repeated title",
    ),
    (
        "missing_title",
        "falta el título",
        "falta o título",
        "title missing",
    ),
    ("not_https", "no es https", "não é https", "not https"),
    (
        "caption_not_allowed",
        "no admite pie",
        "não aceita legenda",
        "takes no caption",
    ),
    (
        "filename_not_allowed",
        "no admite nombre de archivo",
        "não aceita nome de arquivo",
        "takes no file name",
    ),
    ("no_source", "sin archivo", "sem arquivo", "no source"),
    (
        "part_not_allowed",
        "no admite esta parte",
        "não aceita esta parte",
        "takes no such part",
    ),
    (
        "not_an_emoji",
        "no es un emoji",
        "não é um emoji",
        "not an emoji",
    ),
    (
        "bad_name",
        "nombre no válido",
        "nome inválido",
        "name not valid",
    ),
    ("reserved_id", "id reservado", "id reservado", "reserved id"),
    (
        "mustache",
        "variable {{…}}",
        "variável {{…}}",
        "variable {{…}}",
    ),
    ("shell", "variable ${…}", "variável ${…}", "variable ${…}"),
    ("printf", "marca %s", "marca %s", "mark %s"),
    ("tag", "marca <NOMBRE>", "marca <NOME>", "mark <NAME>"),
    (
        "debris_word",
        "palabra de programa",
        "palavra de programa",
        "word of a programme",
    ),
    (
        "salutation",
        "saludo sin nombre",
        "saudação sem nome",
        "greeting without a name",
    ),
];
