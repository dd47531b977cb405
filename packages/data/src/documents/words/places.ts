import type { Random } from '@unitsphere/core/random';
import type { Language } from './language.js';

const parts: Record<'latin' | 'ru' | 'el', readonly [string[], string[]]> = {
  latin: [
    'Nor Ald Vest Bel Mar Kar Tor Els Fen Ost Lin Sal Cor Hal Dra Ist Ori Bran Quil Ster Win Rav Mel Bos'.split(
      ' ',
    ),
    'vale mark haven dorf mont ria stad ford land ona wick burg mere gard nia holm port essa ingen aux'.split(
      ' ',
    ),
  ],
  ru: [
    'Бело Ново Верхне Светло Зелено Красно Озеро Сосно Ясно Камне Ветро Тихо'.split(' '),
    'горск град реченск польск морск дольск водск лесье'.split(' '),
  ],
  el: [
    'Θαλασσ Αργυρ Μεγαλ Ηλι Λευκ Χρυσ Ανατολ Καλ Πετρ Νησ'.split(' '),
    'όπολη ία άδα ώνα ούντα ιανή'.split(' '),
  ],
};

/** Draws the name of an invented town or country. */
export function drawPlace(random: Random, language: Language): string {
  const [starts, ends] = parts[language === 'ru' || language === 'el' ? language : 'latin'];
  return random.pick(starts) + random.pick(ends);
}
