using Slice.Core.Options;
using Slice.Host.Text;

namespace Slice.Host.Configuration;

/// <summary>What an unknown key was probably meant to be.</summary>
internal static class KeySuggestion
{
    /// <summary>
    /// What to append to an error: <c>, that is … here</c> for a name of another program, <c>, did you mean …?</c> for one that is near a
    /// key, or nothing.
    /// </summary>
    /// <param name="sectionName">The section the key stands in; empty at the top.</param>
    /// <param name="name">The unknown key.</param>
    public static string For(string sectionName, string name) =>
        (ForeignKeys.Find($"{sectionName}.{name}") ?? ForeignKeys.Find(name)) is { } hint
            ? $", {hint}"
            : ForNearName(sectionName, name);

    private static string ForNearName(string sectionName, string name)
    {
        IEnumerable<string> sectionsHere = OptionTable.Sections
            .Where(section => OptionTable.ParentOf(section) == sectionName)
            .Select(OptionTable.LocalNameOf);
        IEnumerable<string> namesHere = OptionTable.Keys.Where(key => key.Section == sectionName).Select(key => key.LocalName);
        (string? nameHere, int editsHere) = NearestName.FindWithDistance(name, namesHere.Concat(sectionsHere));

        // The right name in the wrong place; also `timeouts.connect` written as one key.
        string[] path = name.Split('.', 2);
        string? misplaced = NearestName.FindWithDistance(
            path[^1], OptionTable.Keys.Select(key => key.LocalName)) is (string nearest, int edits)
            && edits < editsHere ? nearest : null;
        if (misplaced is null)
        {
            return nameHere is null ? "" : $", did you mean {nameHere}?";
        }

        OptionKey target = OptionTable.Keys.FirstOrDefault(key => key.LocalName == misplaced && path.Length == 2 && key.Section == path[0])
            ?? OptionTable.Keys.First(key => key.LocalName == misplaced);
        return target.Section.Length == 0
            ? $", did you mean {misplaced} at the top level?"
            : $", did you mean {misplaced} in the section {target.Section}?";
    }
}
