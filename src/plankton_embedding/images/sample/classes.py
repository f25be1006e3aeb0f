"""The 27 classes of the sample and the drawing of each.

The class names say what is drawn: they are no taxa. A drawing is a list of parts. Its body lies
along the x axis, head at positive x, about one unit long; how it lies, its size in pixels and its
ink are the business of ``pose`` and ``vignette``.
"""

from __future__ import annotations

from collections.abc import Callable

from plankton_embedding.images.sample import bells, colonies, ovals, radial, rods
from plankton_embedding.images.sample.parts import Part, Random

Drawing = Callable[[Random], list[Part]]

CLASSES: dict[str, Drawing] = {
    "aggregate__fluffy": colonies.aggregate_fluffy,
    "ball__radial_spines": radial.ball_radial_spines,
    "bell__four_tentacles": bells.bell_four_tentacles,
    "bell__inner_stalk": bells.bell_inner_stalk,
    "bell__many_tentacles": bells.bell_many_tentacles,
    "bell__pointed": bells.bell_pointed,
    "chain__round_links": colonies.chain_round_links,
    "chain__spined_links": colonies.chain_spined_links,
    "chain__square_links": colonies.chain_square_links,
    "cone__long_arms": radial.cone_long_arms,
    "curved__many_legs": rods.curved_many_legs,
    "drop__forked_tail": ovals.drop_forked_tail,
    "egg__hollow": radial.egg_hollow,
    "egg__nucleus": radial.egg_nucleus,
    "filament__bundle": colonies.filament_bundle,
    "oval__feathery_tail": ovals.oval_feathery_tail,
    "oval__long_antennae": ovals.oval_long_antennae,
    "oval__short_antennae": ovals.oval_short_antennae,
    "oval__two_egg_sacs": ovals.oval_two_egg_sacs,
    "rod__side_fins": rods.rod_side_fins,
    "rod__smooth": rods.rod_smooth,
    "rod__spined": rods.rod_spined,
    "shell__ribbed_fan": radial.shell_ribbed_fan,
    "spiral__open": radial.spiral_open,
    "spiral__shell": radial.spiral_shell,
    "star__five_arms": radial.star_five_arms,
    "tadpole__wavy_tail": rods.tadpole_wavy_tail,
}
