import type { Random } from '@unitsphere/core/random';
import { type Language, languageTable } from './language.js';

/** Titles of documents in each language. A slash separates alternatives. */
const titles = languageTable({
  identity:
    'Identity Card/National ID|Carte d’identité/Identité|Personalausweis/Ausweis|Documento de identidad/Cédula|Carta d’identità|Cartão de cidadão/Identidade|Удостоверение/Паспорт гражданина|Ταυτότητα',
  license:
    'Driving Licence/Driver License|Permis de conduire|Führerschein|Permiso de conducir/Licencia|Patente di guida|Carta de condução|Водительское удостоверение|Άδεια οδήγησης',
  passport: 'Passport|Passeport|Reisepass|Pasaporte|Passaporto|Passaporte|Паспорт|Διαβατήριο',
  membership:
    'Member Card/Club Card/Library Card|Carte de membre/Carte fidélité|Mitgliedskarte/Kundenkarte|Tarjeta de socio|Tessera|Cartão de sócio|Карта участника/Клубная карта|Κάρτα μέλους',
  student:
    'Student Card|Carte étudiant|Studentenausweis|Carné de estudiante|Tessera studente|Cartão de estudante|Студенческий билет|Φοιτητική κάρτα',
  invoice: 'Invoice|Facture|Rechnung|Factura|Fattura|Fatura|Счёт|Τιμολόγιο',
  receipt: 'Receipt|Ticket|Beleg|Recibo|Scontrino|Recibo|Чек|Απόδειξη',
  form: 'Application Form/Registration/Declaration|Formulaire/Demande/Déclaration|Antrag/Anmeldung/Erklärung|Solicitud/Formulario|Modulo/Domanda|Requerimento/Formulário|Заявление/Анкета|Αίτηση/Δήλωση',
  certificate:
    'Certificate/Diploma/Award|Diplôme/Certificat|Urkunde/Zeugnis/Diplom|Diploma/Certificado|Diploma/Attestato|Diploma/Certificado|Диплом/Грамота|Δίπλωμα/Βεβαίωση',
  boarding:
    'Boarding Pass|Carte d’embarquement|Bordkarte|Tarjeta de embarque|Carta d’imbarco|Cartão de embarque|Посадочный талон|Κάρτα επιβίβασης',
  event:
    'Concert/Theatre/Festival|Concert/Théâtre/Festival|Konzert/Theater/Festspiele|Concierto/Teatro/Festival|Concerto/Teatro/Festival|Concerto/Teatro/Festival|Концерт/Театр/Фестиваль|Συναυλία/Θέατρο',
  label:
    'Priority/Express/Parcel|Prioritaire/Colis|Paket/Eilsendung|Paquete/Urgente|Pacco/Espresso|Encomenda/Expresso|Посылка/Срочно|Δέμα',
  timetable: 'Timetable|Horaires|Fahrplan|Horario|Orario|Horário|Расписание|Δρομολόγια',
  report:
    'Report/Results|Rapport/Résultats|Bericht/Ergebnisse|Informe/Resultados|Relazione/Risultati|Relatório/Resultados|Отчёт/Ведомость|Έκθεση/Αποτελέσματα',
  badge:
    'Visitor/Speaker/Staff|Visiteur/Équipe|Besucher/Team|Visitante/Ponente|Visitatore/Staff|Visitante/Equipa|Гость/Докладчик|Επισκέπτης',
  cheque: 'Cheque|Chèque|Scheck|Cheque|Assegno|Cheque|Чек|Επιταγή',
  voucher:
    'Gift Voucher/Coupon|Bon cadeau/Chèque cadeau|Gutschein|Vale regalo/Cupón|Buono regalo|Vale oferta|Купон/Подарок|Δωροεπιταγή',
  menu: 'Menu|Carte|Speisekarte|Menú|Menù|Ementa|Меню|Μενού',
  prescription: 'Prescription|Ordonnance|Rezept|Receta|Ricetta|Receita|Рецепт|Συνταγή',
  bill: 'Electricity Bill/Water Bill|Facture d’énergie|Stromrechnung/Wasser|Factura de luz|Bolletta luce|Fatura da luz|Квитанция|Λογαριασμός',
  permit:
    'Parking Permit/Permit|Stationnement/Permis|Parkausweis|Permiso|Permesso|Autorização|Разрешение/Пропуск|Άδεια',
  stamp: 'Postage|Postes|Postporto|Correos|Poste|Correio|Почта|Ταχυδρομείο',
});

export type Title = keyof (typeof titles)['en'];

/** Draws one of a language's titles for a kind of document. */
export function drawTitle(random: Random, language: Language, title: Title): string {
  return random.pick(titles[language][title].split('/'));
}
