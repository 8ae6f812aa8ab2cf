/** What Runs shows while there is no run. */
export function FirstVisit() {
  return <p>Drop pictures here</p>;
}
