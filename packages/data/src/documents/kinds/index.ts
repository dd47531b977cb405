import type { Kind } from '../layout.js';
import { article } from './article.js';
import { badge } from './badge.js';
import { bankCard } from './bank-card.js';
import { boardingPass } from './boarding-pass.js';
import { businessCard } from './business-card.js';
import { certificate } from './certificate.js';
import { cheque } from './cheque.js';
import { drivingLicense } from './driving-license.js';
import { eventTicket } from './event-ticket.js';
import { form } from './form.js';
import { identityCard } from './identity-card.js';
import { invoice } from './invoice.js';
import { letter } from './letter.js';
import { membershipCard } from './membership-card.js';
import { menu } from './menu.js';
import { passport } from './passport.js';
import { permit } from './permit.js';
import { prescription } from './prescription.js';
import { receipt } from './receipt.js';
import { shippingLabel } from './shipping-label.js';
import { table } from './table.js';
import { utilityBill } from './utility-bill.js';
import { voucher } from './voucher.js';

/** All kinds of document. The order must not change: it determines the documents of a seed. */
export const kinds = {
  'identity-card': identityCard,
  'driving-license': drivingLicense,
  passport,
  'membership-card': membershipCard,
  'bank-card': bankCard,
  badge,
  'business-card': businessCard,
  receipt,
  invoice,
  'utility-bill': utilityBill,
  form,
  certificate,
  'boarding-pass': boardingPass,
  'event-ticket': eventTicket,
  letter,
  'shipping-label': shippingLabel,
  article,
  table,
  cheque,
  voucher,
  menu,
  prescription,
  permit,
} satisfies Record<string, Kind>;

/** A kind of document, such as `identity-card`. */
export type DocumentKind = keyof typeof kinds;

/** Names of all kinds of document. */
export const documentKinds = Object.keys(kinds) as DocumentKind[];
