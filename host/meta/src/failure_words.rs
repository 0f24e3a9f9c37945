//! Meta's error codes in words, in the three languages: what each means, and what Portero does about it.

use portero_domain::language::Language;

use crate::send_failure::{Failure, Reaction};

/// (first code, Spanish, Portuguese); English is [`Failure::name`].
#[rustfmt::skip]
const NAMES: &[(i64, &str, &str)] = &[
    (0, "la ficha de acceso no vale", "o token de acesso não vale"),
    (1, "error desconocido de la API", "erro desconhecido da API"),
    (2, "el servicio está caído o saturado", "o serviço está fora do ar ou saturado"),
    (3, "falta una capacidad de la app", "falta uma capacidade do app"),
    (4, "la app llama demasiado", "o app chama demais"),
    (10, "permiso negado", "permissão negada"),
    (33, "el número fue borrado", "o número foi apagado"),
    (100, "parámetro no válido", "parâmetro inválido"),
    (190, "la ficha de acceso caducó", "o token de acesso expirou"),
    (200, "falta un permiso", "falta uma permissão"),
    (368, "bloqueo por incumplir las políticas", "bloqueio por violar as políticas"),
    (80_007, "demasiadas llamadas para la cuenta", "chamadas demais para a conta"),
    (130_403, "el negocio bloqueó a la persona", "a empresa bloqueou a pessoa"),
    (130_429, "se superó el ritmo del número", "o ritmo do número foi excedido"),
    (130_472, "la persona está en un experimento de Meta", "a pessoa está em um experimento da Meta"),
    (130_497, "país cerrado para este negocio", "país fechado para esta empresa"),
    (131_000, "algo salió mal en Meta", "algo deu errado na Meta"),
    (131_005, "acceso negado", "acesso negado"),
    (131_008, "falta un parámetro obligatorio", "falta um parâmetro obrigatório"),
    (131_009, "el valor de un parámetro no vale", "o valor de um parâmetro não serve"),
    (131_016, "servicio no disponible", "serviço indisponível"),
    (131_020, "error de grupos", "erro de grupos"),
    (131_021, "el destinatario es el mismo remitente", "o destinatário é o próprio remetente"),
    (131_026, "no se pudo entregar: sin WhatsApp, versión antigua o condiciones sin aceptar", "não foi possível entregar: sem WhatsApp, versão antiga ou termos não aceitos"),
    (131_030, "el destinatario no está en la lista de prueba", "o destinatário não está na lista de teste"),
    (131_031, "cuenta bloqueada", "conta bloqueada"),
    (131_037, "el nombre visible espera aprobación", "o nome de exibição espera aprovação"),
    (131_041, "error de grupos", "erro de grupos"),
    (131_042, "falta un medio de pago", "falta um meio de pagamento"),
    (131_044, "falta el pago de llamadas", "falta o pagamento de chamadas"),
    (131_045, "el número no está bien registrado", "o número não está bem registrado"),
    (131_047, "pasaron más de 24 horas desde que la persona escribió", "passaram mais de 24 horas desde que a pessoa escreveu"),
    (131_048, "número restringido por spam", "número restrito por spam"),
    (131_049, "Meta no la entrega para no cansar a la persona", "a Meta não entrega para não cansar a pessoa"),
    (131_050, "la persona detuvo la publicidad en WhatsApp", "a pessoa parou a publicidade no WhatsApp"),
    (131_051, "tipo de mensaje no admitido", "tipo de mensagem não aceito"),
    (131_052, "el archivo recibido no está disponible", "o arquivo recebido não está disponível"),
    (131_053, "el archivo no se pudo usar", "o arquivo não pôde ser usado"),
    (131_055, "aquí solo valen plantillas de publicidad", "aqui só valem modelos de marketing"),
    (131_056, "demasiados mensajes a esta persona", "mensagens demais a esta pessoa"),
    (131_057, "cuenta en mantenimiento", "conta em manutenção"),
    (131_059, "error de grupos", "erro de grupos"),
    (131_062, "un código necesita un número de teléfono", "um código precisa de um número de telefone"),
    (131_063, "la publicidad no se acepta por esta vía", "marketing não é aceito por esta via"),
    (131_064, "plantillas mal clasificadas demasiadas veces", "modelos mal classificados vezes demais"),
    (131_201, "error de grupos", "erro de grupos"),
    (131_208, "límite de ritmo de grupos", "limite de ritmo de grupos"),
    (131_209, "error de grupos", "erro de grupos"),
    (132_000, "cantidad de valores distinta de la de la plantilla", "quantidade de valores diferente da do modelo"),
    (132_001, "la plantilla no existe o no está aprobada", "o modelo não existe ou não está aprovado"),
    (132_005, "el texto ya completo es demasiado largo", "o texto já preenchido é longo demais"),
    (132_007, "la plantilla incumple las reglas de formato", "o modelo viola as regras de formato"),
    (132_012, "un valor de la plantilla tiene otro formato", "um valor do modelo tem outro formato"),
    (132_015, "plantilla pausada", "modelo pausado"),
    (132_016, "plantilla desactivada", "modelo desativado"),
    (132_018, "un valor de la plantilla fue rechazado", "um valor do modelo foi recusado"),
    (132_068, "formulario bloqueado", "formulário bloqueado"),
    (132_069, "formulario con el ritmo limitado", "formulário com ritmo limitado"),
    (133_000, "baja del número incompleta", "cancelamento do número incompleto"),
    (133_004, "el servicio de registro no está disponible", "o serviço de registro está indisponível"),
    (133_005, "verificación en dos pasos", "verificação em duas etapas"),
    (133_010, "el número no está registrado", "o número não está registrado"),
    (133_015, "el número se borró hace poco", "o número foi apagado há pouco"),
    (133_016, "demasiados registros del número", "registros demais do número"),
    (134_011, "no se aceptaron las condiciones de pago", "os termos de pagamento não foram aceitos"),
    (134_100, "aquí solo valen plantillas de publicidad", "aqui só valem modelos de marketing"),
    (134_101, "la plantilla todavía se está copiando", "o modelo ainda está sendo copiado"),
    (134_102, "la plantilla no está disponible por esta vía", "o modelo não está disponível por esta via"),
    (135_000, "error general del pedido", "erro geral do pedido"),
    (138_000, "error de llamadas", "erro de chamadas"),
    (139_200, "envío directo bloqueado", "envio direto bloqueado"),
    (147_001, "el nombre de usuario está tomado", "o nome de usuário já está em uso"),
    (2_494_100, "cuenta en mantenimiento", "conta em manutenção"),
    (2_593_107, "límite de sincronización", "limite de sincronização"),
];

impl Failure {
    /// What the code means, in one language.
    #[must_use]
    pub fn says(&self, language: Language) -> &'static str {
        let found = NAMES.iter().find(|(code, ..)| *code == self.code);
        match (language, found) {
            (Language::Es, Some((_, es, _))) => es,
            (Language::Pt, Some((.., pt))) => pt,
            _ => self.name,
        }
    }
}

impl Reaction {
    /// What Portero does about it, and what is left for a person, in one language.
    #[must_use]
    pub const fn says(self, language: Language) -> &'static str {
        let [es, pt, en] = match self {
            Reaction::Retry { .. } => [
                "Portero lo intenta de nuevo más tarde, cada vez con más espera.",
                "Portero tenta de novo mais tarde, cada vez com mais espera.",
                "Portero tries again later, waiting longer each time.",
            ],
            Reaction::RetryPair => [
                "Portero espera y lo intenta de nuevo, solo con esta persona.",
                "Portero espera e tenta de novo, só com esta pessoa.",
                "Portero waits and tries again, for this person only.",
            ],
            Reaction::Drop => [
                "El mensaje termina; lo demás sigue. No hay nada que reparar.",
                "A mensagem termina; o resto segue. Não há nada para consertar.",
                "The message ends, the rest goes on. There is nothing to repair.",
            ],
            Reaction::SuppressMarketing => [
                "Portero lo anota como retiro del consentimiento y no envía más promociones a la persona.",
                "Portero anota como retirada do consentimento e não envia mais promoções à pessoa.",
                "Portero records it as a withdrawal and sends the person no more promotion.",
            ],
            Reaction::RefreshTemplate => [
                "Lo que se sabe de la plantilla ya no vale: descansa hasta que se sincronice (`portero template sync`).",
                "O que se sabe do modelo já não vale: ele descansa até ser sincronizado (`portero template sync`).",
                "What is known of the template is outdated: it rests until it is synced (`portero template sync`).",
            ],
            Reaction::PauseTemplate => [
                "La plantilla descansa hasta que Meta diga que está aprobada (`portero template show`).",
                "O modelo descansa até a Meta dizer que está aprovado (`portero template show`).",
                "The template rests until Meta says that it is approved (`portero template show`).",
            ],
            Reaction::PauseNumber => [
                "El número se detiene hasta que Meta o un operador lo libere (`portero resume`).",
                "O número para até a Meta ou um operador liberá-lo (`portero resume`).",
                "The number stops until Meta or an operator lets it go on (`portero resume`).",
            ],
            Reaction::PauseAccount => [
                "La cuenta se detiene hasta que Meta o un operador la libere (`portero resume`).",
                "A conta para até a Meta ou um operador liberá-la (`portero resume`).",
                "The account stops until Meta or an operator lets it go on (`portero resume`).",
            ],
            Reaction::RestAccount => [
                "La cuenta descansa un tiempo que se sabe de antemano; el mensaje termina.",
                "A conta descansa por um tempo conhecido de antemão; a mensagem termina.",
                "The account rests for a time that is known beforehand; the message ends.",
            ],
            Reaction::Fix => [
                "El mensaje termina: repetirlo no sirve. Hay que corregir lo que se envía.",
                "A mensagem termina: repetir não adianta. É preciso corrigir o que se envia.",
                "The message ends: repeating it does not help. What is sent has to be corrected.",
            ],
            Reaction::Alert => [
                "El mensaje termina y un operador tiene que mirar la cuenta en Meta.",
                "A mensagem termina e um operador precisa olhar a conta na Meta.",
                "The message ends, and an operator has to look at the account at Meta.",
            ],
        };
        match language {
            Language::Es => es,
            Language::Pt => pt,
            Language::En => en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::send_failure::FAILURES;

    #[test]
    fn each_code_has_words_in_three_languages_and_no_word_stands_for_none() {
        assert_eq!(NAMES.len(), FAILURES.len());
        for (failure, (code, ..)) in FAILURES.iter().zip(NAMES) {
            assert_eq!(failure.code, *code, "the tables are in the same order");
            for language in Language::ALL {
                assert!(failure.says(language).len() > 5, "{code} {language:?}");
                assert!(failure.reaction.says(language).len() > 20, "{code}");
            }
            assert_ne!(failure.says(Language::Es), failure.name, "{code}");
        }
    }
}
