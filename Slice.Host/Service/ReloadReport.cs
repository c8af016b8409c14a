using Slice.Core.Options;
using Slice.Host.Configuration;

namespace Slice.Host.Service;

/// <summary>What the log says of a reload: names of keys, values only where one is not what the file says, never a secret.</summary>
/// <param name="Applied">Changed keys that apply from now on; <c>none</c> when there are none.</param>
/// <param name="Waiting">Changed keys that wait for a restart; <c>none</c> when there are none.</param>
/// <param name="Overridden">Changed keys that something overrides, and what does; <c>none</c> when there are none.</param>
internal sealed record ReloadReport(string Applied, string Waiting, string Overridden)
{
    /// <summary>Reports a reload. Pure.</summary>
    /// <param name="plan">What it does.</param>
    /// <param name="before">What was loaded the time before.</param>
    /// <param name="now">What was loaded this time, without errors.</param>
    public static ReloadReport Of(ReloadPlan plan, LoadedConfiguration before, LoadedConfiguration now)
    {
        // A key whose new value in the file makes a difference all the same, as an address that --port moves, is among the others.
        var overridden = OptionTable.Keys
            .Where(key => now.Overrides.ContainsKey(key.Name) && key.Differs(before.Written!, now.Written!))
            .Except(plan.Applied)
            .Except(plan.Waiting)
            .Select(key => $"{key.Name} stays {key.Format(key.Read(plan.Effective))}: {now.Overrides[key.Name]} overrides the file");
        return new ReloadReport(Join(plan.Applied.Select(key => key.Name)), Join(plan.Waiting.Select(key => key.Name)), Join(overridden));
    }

    private static string Join(IEnumerable<string> parts) => string.Join(", ", parts.DefaultIfEmpty("none"));
}
