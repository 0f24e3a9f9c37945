//! Every remark there is, with its words.

use crate::rules::Words;

/// How much it weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Meta refuses such a template, or messages of it.
    Fault,
    /// It goes, and something of it will not be as meant.
    Hint,
}

impl Weight {
    /// `fault` or `hint`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Weight::Fault => "fault",
            Weight::Hint => "hint",
        }
    }
}

/// What a remark is about.
#[derive(Debug, PartialEq, Eq)]
pub struct About {
    /// `lint.` and a reason, stable for ever.
    pub code: &'static str,
    /// How much it weighs.
    pub weight: Weight,
    /// What is so.
    pub says: Words,
    /// What would help.
    pub remedy: Words,
}

/// The remark of a code.
#[must_use]
pub fn find(code: &str) -> Option<&'static About> {
    REMARKS.iter().find(|about| about.code == code)
}

const fn about(
    code: &'static str,
    weight: Weight,
    says: [&'static str; 3],
    remedy: [&'static str; 3],
) -> About {
    let [es, pt, en] = says;
    let [res, rpt, ren] = remedy;
    About {
        code,
        weight,
        says: Words { es, pt, en },
        remedy: Words {
            es: res,
            pt: rpt,
            en: ren,
        },
    }
}

/// All of them.
#[rustfmt::skip]
pub static REMARKS: &[About] = &[
    about("lint.empty", Weight::Fault,
        ["No hay texto.", "Não há texto.", "There is no text."],
        ["Escribe lo que la persona leerá.", "Escreva o que a pessoa vai ler.", "Write what the person will read."]),
    about("lint.too-long", Weight::Fault,
        ["Es más largo de lo que Meta acepta, en caracteres.", "É mais longo do que a Meta aceita, em caracteres.", "It is longer than Meta takes, in characters."],
        ["Acórtalo.", "Encurte-o.", "Make it shorter."]),
    about("lint.little-room", Weight::Hint,
        ["El texto fijo deja poco lugar a los valores: con ellos no debe pasar de 1024 caracteres (error 132005).", "O texto fixo deixa pouco espaço para os valores: com eles não pode passar de 1024 caracteres (erro 132005).", "The fixed words leave little room for values: with them it may have 1,024 characters (error 132005)."],
        ["Acorta el texto fijo.", "Encurte o texto fixo.", "Shorten the fixed words."]),
    about("lint.tab", Weight::Fault,
        ["Hay un tabulador.", "Há uma tabulação.", "It holds a tab."],
        ["Usa espacios.", "Use espaços.", "Use spaces."]),
    about("lint.spaces", Weight::Hint,
        ["Hay más de cuatro espacios seguidos; en un valor, Meta rechazaría el mensaje.", "Há mais de quatro espaços seguidos; em um valor, a Meta recusaria a mensagem.", "It has more than four spaces in a row; in a value Meta would refuse the message."],
        ["Deja uno.", "Deixe um.", "Leave one."]),
    about("lint.several-lines", Weight::Fault,
        ["Tiene varias líneas, y ahí cabe una sola.", "Tem várias linhas, e ali cabe só uma.", "It has several lines where one fits."],
        ["Escríbelo en una línea.", "Escreva em uma linha.", "Write it in one line."]),
    about("lint.blank-lines", Weight::Fault,
        ["Hay más de dos saltos de línea seguidos (error 2388072).", "Há mais de duas quebras de linha seguidas (erro 2388072).", "It has more than two line breaks in a row (error 2388072)."],
        ["Deja una línea vacía como mucho.", "Deixe no máximo uma linha vazia.", "Leave one empty line at most."]),
    about("lint.markup", Weight::Fault,
        ["Lleva signos de formato, y ahí no se permiten.", "Traz sinais de formatação, e ali não são permitidos.", "It has signs of markup, which are not allowed there."],
        ["Quita *, ~ y `.", "Tire *, ~ e `.", "Remove *, ~ and `."]),
    about("lint.value-first", Weight::Fault,
        ["El texto empieza con un valor (error 2388299).", "O texto começa com um valor (erro 2388299).", "The text begins with a value (error 2388299)."],
        ["Pon palabras delante.", "Ponha palavras antes.", "Put words before it."]),
    about("lint.value-last", Weight::Fault,
        ["El texto termina con un valor (error 2388299).", "O texto termina com um valor (erro 2388299).", "The text ends with a value (error 2388299)."],
        ["Pon palabras o un punto detrás.", "Ponha palavras ou um ponto depois.", "Put words or a full stop behind it."]),
    about("lint.values-touch", Weight::Fault,
        ["Dos valores se tocan (error 2388072).", "Dois valores se tocam (erro 2388072).", "Two values touch (error 2388072)."],
        ["Pon palabras entre ellos.", "Ponha palavras entre eles.", "Put words between them."]),
    about("lint.few-words", Weight::Fault,
        ["Hay demasiados valores para tan pocas palabras (error 2388293).", "Há valores demais para tão poucas palavras (erro 2388293).", "It has too many values for so few words (error 2388293)."],
        ["Escribe más, o pide menos valores.", "Escreva mais, ou peça menos valores.", "Write more, or ask for fewer values."]),
    about("lint.too-many-values", Weight::Fault,
        ["Pide más valores de los que ahí caben.", "Pede mais valores do que cabem ali.", "It asks for more values than fit there."],
        ["El encabezado lleva uno como mucho; el pie, ninguno.", "O cabeçalho leva no máximo um; o rodapé, nenhum.", "A header takes one at most, a footer none."]),
    about("lint.empty-slot", Weight::Fault,
        ["Un lugar de valor no tiene nombre.", "Um lugar de valor não tem nome.", "A slot has no name."],
        ["Ponle un número o un nombre.", "Dê-lhe um número ou um nome.", "Give it a number or a name."]),
    about("lint.open-slot", Weight::Fault,
        ["Hay llaves sin su pareja.", "Há chaves sem par.", "Braces stand without their pair."],
        ["Escribe {{nombre}}, con dos llaves a cada lado.", "Escreva {{nome}}, com duas chaves de cada lado.", "Write {{name}}, two braces on either side."]),
    about("lint.slot-name", Weight::Fault,
        ["El nombre de un lugar no vale.", "O nome de um lugar não serve.", "The name of a slot does not do."],
        ["Un número, o minúsculas, cifras y _ empezando por una letra.", "Um número, ou minúsculas, algarismos e _ começando por uma letra.", "A number, or lower-case letters, digits and _ that begin with a letter."]),
    about("lint.slot-order", Weight::Fault,
        ["Los números de los lugares no van 1, 2, 3…", "Os números dos lugares não seguem 1, 2, 3…", "The numbers of the slots are not 1, 2, 3…"],
        ["Numéralos desde 1, sin saltos.", "Numere-os desde 1, sem saltos.", "Number them from 1 without a gap."]),
    about("lint.slots-mixed", Weight::Fault,
        ["Hay lugares con número y lugares con nombre.", "Há lugares com número e lugares com nome.", "Some slots have numbers and some have names."],
        ["Usa solo números o solo nombres.", "Use só números ou só nomes.", "Use numbers only, or names only."]),
    about("lint.too-many-buttons", Weight::Fault,
        ["Tiene más de diez botones.", "Tem mais de dez botões.", "It has more than ten buttons."],
        ["Quita algunos.", "Tire alguns.", "Remove some."]),
    about("lint.buttons-unseen", Weight::Hint,
        ["Con más de tres botones no se ve en el WhatsApp de un computador.", "Com mais de três botões não aparece no WhatsApp de um computador.", "With more than three buttons it is not shown by WhatsApp on a computer."],
        ["Deja tres.", "Deixe três.", "Leave three."]),
    about("lint.buttons-mixed", Weight::Hint,
        ["Mezcla respuestas rápidas con otros botones: no se ve en el WhatsApp de un computador.", "Mistura respostas rápidas com outros botões: não aparece no WhatsApp de um computador.", "It mixes quick replies with other buttons: WhatsApp on a computer does not show it."],
        ["Usa una sola clase.", "Use uma só classe.", "Use one kind only."]),
    about("lint.replies-apart", Weight::Fault,
        ["Las respuestas rápidas no están juntas.", "As respostas rápidas não estão juntas.", "The quick replies do not stand together."],
        ["Ponlas una tras otra.", "Ponha-as uma após a outra.", "Put them one after the other."]),
    about("lint.same-button", Weight::Fault,
        ["Dos botones dicen lo mismo.", "Dois botões dizem o mesmo.", "Two buttons say the same."],
        ["Cambia uno.", "Mude um.", "Change one."]),
    about("lint.value-in-address", Weight::Fault,
        ["El valor no está al final del enlace.", "O valor não está no fim do link.", "The value does not stand at the end of the address."],
        ["Deja el valor al final.", "Deixe o valor no fim.", "Leave the value at the end."]),
    about("lint.reads-as-promotion", Weight::Hint,
        ["Se lee como promoción y Meta la tiene por aviso: puede cambiarla de categoría, y entonces cuesta más y pide otro consentimiento.", "Lê-se como promoção e a Meta o tem por aviso: pode mudá-lo de categoria, e então custa mais e pede outro consentimento.", "It reads like promotion and Meta has it as something else: Meta may move it to marketing, which costs more and needs another consent."],
        ["Quita lo que vende, o pídela como MARKETING.", "Tire o que vende, ou peça-o como MARKETING.", "Remove what sells, or ask for it as MARKETING."]),
];
