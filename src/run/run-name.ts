const qualities =
  "able amber ample arctic autumn azure bold brave bright brisk bronze calm candid cedar civic clear clever coastal copper coral crisp curious deft eager early earnest fair fleet fond frank fresh gentle glad golden grand hardy hazel honest humble ivory jolly keen kind lively lucid lunar mellow merry mild misty modest nimble noble open patient plain placid polar prime proud quick quiet rapid ready robust rustic sage sandy serene sharp silent silver sincere sleek solar solid spry stable steady still stout sturdy sunny sure swift tidy tranquil trusty upbeat valiant verdant vivid warm wise witty".split(
    " ",
  );
const animals =
  "albatross alpaca antelope badger beaver bison bobcat buffalo bunting caribou cheetah condor cormorant cougar coyote crane cricket curlew dolphin dove dragonfly eagle egret elk falcon ferret finch firefly fox gannet gazelle gecko goose grouse gull hare harrier hawk heron hornbill ibex ibis jackal jaguar jay kestrel kingfisher kite koala lark lemur leopard linnet llama lobster loon lynx magpie mallard marlin marten merlin mole moose newt nightjar ocelot oriole osprey otter owl panther partridge pelican penguin petrel pheasant plover puffin puma quail rabbit raven robin salmon seal shrike skylark snipe sparrow starling stork swallow swan swift tern thrush tiger toucan turtle vole walrus warbler weasel whale wolf wombat wren yak zebra".split(
    " ",
  );

/** A name that people can remember and say, made of a run's id (hexadecimal). Two runs may share one: the id tells them apart. */
export function runName(id: string): string {
  const number = Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);
  return `${qualities[number % qualities.length]}-${animals[Math.floor(number / qualities.length) % animals.length]}`;
}
