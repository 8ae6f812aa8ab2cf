export function CompareScreen() {
  return <div class="screen"><h1>Compare</h1></div>;
}
