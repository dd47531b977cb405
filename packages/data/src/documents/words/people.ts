import type { Language } from './language.js';

const list = (text: string) => text.split(' ');

/** Common surnames and given names by language. */
export const people: Record<Language, { readonly surnames: string[]; readonly given: string[] }> = {
  en: {
    surnames: list(
      'Ashford Bennett Carver Dawson Ellery Fletcher Granger Hartley Ingram Jarvis Kendrick Langley Mercer Norwood Osborne Prescott Quinn Radley Sutton Thorne Underhill Vaughan Whitaker Yardley',
    ),
    given: list(
      'Alice Benjamin Clara Daniel Edith Frederick Grace Henry Isobel James Kate Leonard Margaret Nathan Olivia Peter Rose Samuel Tessa Victor',
    ),
  },
  fr: {
    surnames: list(
      'Aubert Beaumont Chevalier Delacroix Étienne Fournier Girard Hébert Joubert Lambert Marchand Noël Perrin Renaud Simonet Tessier Vidal Leclère',
    ),
    given: list(
      'Amélie Baptiste Camille Denis Élodie François Hélène Jules Léa Mathieu Noémie Océane Rémi Sophie Théo Zoé',
    ),
  },
  de: {
    surnames: list(
      'Ackermann Bergmann Dietrich Eberhardt Fischer Gärtner Hoffmann Jäger Krämer Lindner Müller Neubauer Pfeiffer Richter Schäfer Vogt Weiß Zimmermann',
    ),
    given: list(
      'Anneliese Björn Clemens Dorothea Emil Frieda Günther Hanna Jürgen Käthe Ludwig Marlene Otto Renate Stefan Ursula',
    ),
  },
  es: {
    surnames: list(
      'Álvarez Blanco Castillo Domínguez Esteban Fuentes Gómez Herrera Ibáñez Jiménez Lozano Muñoz Navarro Ortega Peña Quiroga Ramírez Vázquez',
    ),
    given: list(
      'Adriana Beatriz Carlos Diego Elena Fernando Inés Joaquín Lucía Marta Nicolás Óscar Pilar Rocío Sergio Teresa',
    ),
  },
  it: {
    surnames: list(
      'Amato Barbieri Colombo De Luca Esposito Ferrari Galli Lombardi Marchetti Negri Orlando Pellegrini Rinaldi Sartori Testa Valentini',
    ),
    given: list(
      'Alessia Bruno Chiara Dario Elisa Fabio Giulia Lorenzo Marta Nicolò Ottavia Paolo Rosa Silvio Teresa Valerio',
    ),
  },
  pt: {
    surnames: list(
      'Almeida Barbosa Carvalho Duarte Esteves Figueiredo Gonçalves Leitão Magalhães Nogueira Oliveira Pinheiro Ramalho Simões Teixeira Vasconcelos',
    ),
    given: list(
      'Afonso Beatriz Catarina Diogo Eduarda Filipe Gonçalo Inês João Leonor Miguel Raquel Rui Sofia Tomás Vânia',
    ),
  },
  ru: {
    surnames: list(
      'Абрамов Белов Виноградов Громов Данилов Ершов Жуков Зайцев Иванов Крылов Лебедев Морозов Никитин Орлов Павлов Романов Соколов Тихонов',
    ),
    given: list(
      'Алексей Анна Борис Вера Глеб Дарья Елена Иван Кирилл Лидия Мария Никита Ольга Павел Роман Софья Фёдор Юлия',
    ),
  },
  el: {
    surnames: list(
      'Αγγελίδης Βασιλείου Γεωργίου Δημητρίου Ελευθερίου Ζαχαρίου Θεοδώρου Ιωάννου Κωνσταντίνου Λαμπρής Μαρκής Νικολάου Παππάς Ρήγας Στεφάνου Χρήστου',
    ),
    given: list(
      'Αλέξης Βασιλική Γιώργος Δήμητρα Ελένη Ζωή Ηλίας Θάνος Ιωάννα Κώστας Μαρία Νίκος Πέτρος Σοφία Φωτεινή',
    ),
  },
};

/** Professions by language. */
export const professions: Record<Language, readonly string[]> = {
  en: list('Director Architect Engineer Designer Lawyer Accountant Editor Consultant Surveyor Photographer'),
  fr: list('Directrice Architecte Ingénieur Designer Avocate Comptable Éditeur Conseil Géomètre Photographe'),
  de: list('Direktorin Architekt Ingenieurin Gestalter Anwältin Buchhalter Redakteurin Berater Fotografin'),
  es: list('Directora Arquitecto Ingeniera Diseñador Abogada Contable Editora Consultor Fotógrafa'),
  it: list('Direttrice Architetto Ingegnere Grafico Avvocata Contabile Editore Consulente Fotografa'),
  pt: list('Diretora Arquiteto Engenheira Designer Advogada Contabilista Editora Consultor Fotógrafa'),
  ru: list('Директор Архитектор Инженер Дизайнер Юрист Бухгалтер Редактор Консультант Фотограф'),
  el: list('Διευθυντής Αρχιτέκτων Μηχανικός Σχεδιαστής Δικηγόρος Λογιστής Σύμβουλος Φωτογράφος'),
};

/** Number words by language. */
export const numerals: Record<Language, readonly string[]> = {
  en: list('two three four five six seven eight nine twenty thirty forty hundred thousand'),
  fr: list('deux trois quatre cinq six sept huit neuf vingt trente quarante cent mille'),
  de: list('zwei drei vier fünf sechs sieben acht neun zwanzig dreißig vierzig hundert tausend'),
  es: list('dos tres cuatro cinco seis siete ocho nueve veinte treinta cuarenta cien mil'),
  it: list('due tre quattro cinque sei sette otto nove venti trenta quaranta cento mille'),
  pt: list('dois três quatro cinco seis sete oito nove vinte trinta quarenta cem mil'),
  ru: list('два три четыре пять шесть семь восемь девять двадцать тридцать сорок сто тысяча'),
  el: list('δύο τρία τέσσερα πέντε έξι επτά οκτώ εννέα είκοσι τριάντα σαράντα εκατό χίλια'),
};
