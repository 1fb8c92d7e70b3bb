/** Called by electron-builder. `false` makes it neither rebuild nor add packages, because gather.ts has done so. */
export default () => false;
