import type { Random } from '@unitsphere/core/random';
import type { Language } from './language.js';

const list = (text: string) => text.split(' ');

const vocabulary: Record<Language, readonly string[]> = {
  en: list(
    'the of and to in is that for with as this by from each period account service terms order under which notice shall payment holder valid agreement between parties may not be used without written consent office information',
  ),
  fr: list(
    'le la les de des et à en que pour dans sur avec par ce cette est sont une période service conditions sous réserve paiement titulaire valable accord entre parties ne peut être sans écrit bureau présent',
  ),
  de: list(
    'der die das und zu in ist dass für mit als dies durch von jeder Zeitraum Konto Dienst Bedingungen unter welche Zahlung Inhaber gültig Vertrag zwischen Parteien darf nicht ohne schriftliche Zustimmung Büro während',
  ),
  es: list(
    'el la los de y en que para con por este esta es son una período cuenta servicio condiciones bajo pago titular válido acuerdo entre partes no puede ser sin escrito oficina según',
  ),
  it: list(
    'il la le di e in che per con da questo questa sono una periodo conto servizio condizioni sotto pagamento titolare valido accordo tra parti non può essere senza scritto ufficio secondo più',
  ),
  pt: list(
    'o a os de e em que para com por este esta são uma período conta serviço condições sob pagamento titular válido acordo entre partes não pode ser sem escrito segundo já',
  ),
  ru: list(
    'и в на что для с по этот эта каждый период счёт услуга условия под который оплата владелец действует договор между стороны не может быть без письменного согласия контора сведения',
  ),
  el: list(
    'το η οι του και σε που για με από αυτό είναι μια περίοδος υπηρεσία όροι υπό πληρωμή κάτοχος ισχύει συμφωνία μεταξύ δεν μπορεί χωρίς γραπτή άδεια γραφείο',
  ),
};

/** Goods and dishes by language, at most two words each. */
const goods: Record<Language, readonly string[]> = {
  en: list(
    'Coffee Bread Apples Notebook Lamp Cheese Olive_oil Pencils Honey Batteries Soap Tea Oranges Paper Milk Rice Candles Jam Cable Salad Soup Salmon',
  ),
  fr: list(
    'Café Pain Pommes Cahier Lampe Fromage Huile Crayons Miel Piles Savon Thé Oranges Papier Lait Riz Bougies Confiture Salade Potage Saumon',
  ),
  de: list(
    'Kaffee Brot Äpfel Heft Lampe Käse Öl Stifte Honig Batterien Seife Tee Orangen Papier Milch Reis Kerzen Marmelade Salat Suppe Lachs',
  ),
  es: list(
    'Café Pan Manzanas Cuaderno Lámpara Queso Aceite Lápices Miel Pilas Jabón Té Naranjas Papel Leche Arroz Velas Ensalada Sopa Salmón',
  ),
  it: list(
    'Caffè Pane Mele Quaderno Lampada Formaggio Olio Matite Miele Pile Sapone Tè Arance Carta Latte Riso Candele Insalata Zuppa Salmone',
  ),
  pt: list(
    'Café Pão Maçãs Caderno Candeeiro Queijo Azeite Lápis Mel Pilhas Sabão Chá Laranjas Papel Leite Arroz Velas Salada Sopa Salmão',
  ),
  ru: list(
    'Кофе Хлеб Яблоки Тетрадь Лампа Сыр Масло Карандаши Мёд Батарейки Мыло Чай Апельсины Бумага Молоко Рис Свечи Салат Суп Лосось',
  ),
  el: list(
    'Καφές Ψωμί Μήλα Τετράδιο Λάμπα Τυρί Λάδι Μολύβια Μέλι Σαπούνι Τσάι Χαρτί Γάλα Ρύζι Κεριά Σαλάτα Σούπα Σολομός',
  ),
};

/** Words in the titles of works and events, by language. */
const themes: Record<Language, readonly string[]> = {
  en: list('Summer Harbour Winter Garden Silver Northern River Autumn Golden Harvest Ocean Meridian'),
  fr: list('Été Jardin Hiver Rivière Automne Lumière Océan Étoile Printemps Horizon'),
  de: list('Sommer Hafen Winter Garten Silber Fluss Herbst Gold Ernte Meer Licht'),
  es: list('Verano Puerto Invierno Jardín Plata Otoño Cosecha Océano Luz Norte'),
  it: list('Estate Porto Inverno Giardino Argento Fiume Autunno Oceano Luce Aurora'),
  pt: list('Verão Porto Inverno Jardim Prata Rio Outono Colheita Oceano Luz'),
  ru: list('Лето Гавань Зима Сад Река Осень Океан Свет Звезда Урожай'),
  el: list('Καλοκαίρι Λιμάνι Κήπος Ποτάμι Θάλασσα Ωκεανός Φως Αστέρι'),
};

/** Draws a line of `words` random words. */
export function drawLine(random: Random, language: Language, words: number): string {
  const line: string[] = [];
  for (let i = 0; i < words; i++) line.push(random.pick(vocabulary[language]));
  return line.join(' ');
}

/** Draws the name of a product or dish. */
export function drawGoods(random: Random, language: Language): string {
  return random.pick(goods[language]).replace('_', ' ');
}

/** Draws the title of a work or event: one or two words. */
export function drawTheme(random: Random, language: Language): string {
  const [first, second] = [random.pick(themes[language]), random.pick(themes[language])];
  return first === second ? first : `${first} ${second}`;
}

/** Capitalizes the first letter. */
export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
