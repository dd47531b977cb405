// Checks links between the repository's documents and to their headings, without network access.
import validateLinks from 'remark-validate-links';

export default { plugins: [[validateLinks, { repository: false }]] };
