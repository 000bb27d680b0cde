"""The painted country: synthetic four-view photographs with masks and known evidence.

country        what the land is like at a place (country.csv), where the states lie (borders.csv)
states         what is a state's own, wherever in it one stands (states.csv)
distributions  normal, categorical, position of the sun: draws and densities
generator      the distributions of every element, given state, place and season
evidence       what each element tells about the state, in nats, and the posterior
scene          one location before it is painted: what stands where; counterfactual pairs
elements       the values of the masks
camera         a pinhole camera, seen to N, E, S and W
noise          random textures
backdrop       sky, hills, ground and road
sheet          the surface on which cut-outs are drawn
sprites        cut-outs of trees, shrubs, houses and cars
props          cut-outs of signs, posts, buildings and towers
ribbons        guardrails, walls, fences and hedges
stage          a view that is being painted
billboards     cut-outs, poles and wires, painted from far to near
view           from a scene to its four pictures and masks
shortcut       artificial marks, camera, and seasons that tell a state
write          a data set as files
checkpoint     trains the checkpoint of the country
"""

from trainer.synthetic.write import paint

__all__ = ["paint"]
