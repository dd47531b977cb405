declare module '*.safetensors' {
  const base64: string;
  export default base64;
}

declare module '*.md' {
  const text: string;
  export default text;
}
