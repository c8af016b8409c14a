namespace Slice.Tests.EndToEnd.LiveKeys;

/// <summary>One live key, two values of it, and a walk that sees both at work.</summary>
/// <param name="Key">The key, as in <c>OptionTable</c>.</param>
/// <param name="Old">The value of the start, as in the file; <c>{origin}</c> and <c>{other}</c> are the addresses of the bed.</param>
/// <param name="New">The value of the reload.</param>
/// <param name="WalkAsync">Looks at the old value, reloads once, looks at the new one.</param>
internal sealed record LiveKeyRow(string Key, string Old, string New, Func<LiveKeyBed, Task> WalkAsync)
{
    /// <summary>Other keys that the walk needs, the same before and after.</summary>
    public IReadOnlyList<(string Key, string Value)> With { get; init; } = [];

    /// <summary>A row whose key shows in one act, which is done before and after the reload and tells what it has seen.</summary>
    public static LiveKeyRow OfAct(string key, string old, string @new, Func<LiveKeyBed, Task<string>> act, string before, string after) =>
        new(key, old, @new, async bed =>
        {
            Assert.Equal(before, await act(bed));
            bed.Reload();
            Assert.Equal(after, await act(bed));
        });

    /// <summary>
    /// A row whose key bounds a wait: under a day, a minute of it does no harm; under five seconds the wait ends, and as no other bound
    /// of the bed is shorter than a day, this bound has ended it.
    /// </summary>
    public static LiveKeyRow OfWait(string key, Func<LiveKeyBed, Task<LiveKeyWait>> begin) => new(key, "1d", "5s", async bed =>
    {
        var patient = await begin(bed);
        bed.PassMinute();
        await patient.GoOnAsync();
        bed.Reload();
        var impatient = await begin(bed);
        await impatient.EndAsync();
    });
}
