// Links between the repository's own documents, and to their headings; nothing is fetched.
import validateLinks from 'remark-validate-links';

export default { plugins: [[validateLinks, { repository: false }]] };
