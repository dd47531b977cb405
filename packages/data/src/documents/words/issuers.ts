import type { Random } from '@unitsphere/core/random';
import { type Language, languageTable } from './language.js';
import { people } from './people.js';
import { drawPlace } from './places.js';

/** Names of issuers: {p} is a place, {n} a surname. A slash separates alternatives. */
const issuers = languageTable({
  state:
    'Republic of {p}/Kingdom of {p}/{p} Federation/State of {p}|République de {p}/Royaume de {p}/Canton de {p}|Republik {p}/Königreich {p}/Land {p}|República de {p}/Reino de {p}/Provincia de {p}|Repubblica di {p}/Regno di {p}/Comune di {p}|República de {p}/Reino de {p}/Município de {p}|Республика {p}/Область {p}|Δημοκρατία {p}/Νομός {p}',
  bank: '{p} Bank/First {p} Trust/{n} & Co Bankers|Banque {p}/Crédit {p}|{p} Bank/Sparkasse {p}|Banco {p}/Caja {p}|Banca {p}/Credito {p}|Banco {p}/Caixa {p}|{p} Банк/Банк {n}|Τράπεζα {p}',
  shop: '{p} Market/{n} & Sons/Café {p}/{n} Books/The {p} Bakery|Café {p}/Maison {n}/Marché {p}/Librairie {n}|Bäckerei {n}/Café {p}/{n} Markt/Buchhandlung {n}|Mercado {p}/Casa {n}/Café {p}|Bottega {n}/Caffè {p}/Forno {n}|Mercado {p}/Casa {n}/Café {p}|Магазин {p}/Кафе {p}/Рынок {n}|Καφέ {p}/Αγορά {p}',
  company:
    '{n} Logistics/{p} Energy/{n} & Partners/{p} Systems/{n} Studio|Groupe {n}/{p} Énergie/Atelier {n}|{n} Werke/{p} Energie/{n} Technik|Grupo {n}/{p} Energía/Estudio {n}|Gruppo {n}/{p} Energia/Studio {n}|Grupo {n}/{p} Energia/Estúdio {n}|Завод {p}/{n} и партнёры/{p} Энерго|Όμιλος {p}/Εταιρεία {p}',
  school:
    '{p} University/{p} College/Institute of {p}|Université de {p}/École {n}|Universität {p}/{n} Schule|Universidad de {p}/Colegio {n}|Università di {p}/Liceo {n}|Universidade de {p}/Escola {n}|Университет {p}/Институт {p}|Πανεπιστήμιο {p}',
  club: '{p} Library/{p} Rowing Club/{n} Museum/{p} Gym|Musée {n}/Club {p}/Médiathèque {p}|Turnverein {p}/Museum {n}/Bücherei {p}|Club {p}/Museo {n}/Biblioteca {p}|Circolo {p}/Museo {n}/Biblioteca {p}|Clube {p}/Museu {n}/Biblioteca {p}|Клуб {p}/Музей {p}/Библиотека {p}|Μουσείο {p}/Λέσχη {p}',
  carrier:
    '{p} Rail/Air {p}/{p} Lines|Air {p}/Rail {p}|{p} Bahn/Luft {p}|Aéreo {p}/Tren {p}|Aero {p}/Treno {p}|Aero {p}/Comboios {p}|Авиа {p}/Поезда {p}|Αερογραμμές {p}',
  post: '{p} Post/{n} Express/{p} Parcel|Poste {p}/{n} Express|{p} Post/Paket {n}|Correo {p}/{n} Exprés|Posta {p}/{n} Espresso|Correio {p}/{n} Expresso|Почта {p}/{n} Экспресс|Ταχυδρομείο {p}',
  stage:
    '{p} Opera/{n} Hall/{p} Arena|Opéra de {p}/Salle {n}|Oper {p}/{n} Halle|Ópera de {p}/Sala {n}|Teatro {p}/Sala {n}|Teatro {p}/Sala {n}|Опера {p}/Зал {p}|Θέατρο {p}',
  clinic:
    '{p} Clinic/Dr {n}/{p} Hospital|Clinique {p}/Dr {n}|Klinik {p}/Praxis Dr. {n}|Clínica {p}/Dr. {n}|Clinica {p}/Dott. {n}|Clínica {p}/Dr. {n}|Клиника {p}/Больница {p}|Κλινική {p}',
});

/** A sort of issuer, such as `bank`. */
export type IssuerSort = keyof (typeof issuers)['en'];

/** Draws the name of an issuer. */
export function drawIssuer(random: Random, language: Language, sort: IssuerSort): string {
  const form = random.pick(issuers[language][sort].split('/'));
  return form
    .replace('{p}', drawPlace(random, language))
    .replace('{n}', random.pick(people[language].surnames));
}
