/** Asked by electron-builder: false says that packages are seen to (by gather.ts), so that it neither rebuilds nor adds any. */
export default () => false;
