export function RunsScreen() {
  return <div class="screen"><h1>Runs</h1></div>;
}
