export { type ClusterOptions, clusterEmbeddings } from './clusters/cluster-embeddings.js';
export { type ClusterAgreement, clusterAgreement } from './clusters/mutual-information.js';
