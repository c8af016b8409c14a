namespace Slice.Host.Machine;

/// <summary>A key whose configured value does not fit the machine.</summary>
/// <param name="Key">Its name with its section.</param>
/// <param name="Configured">The configured value, as it is written in a configuration.</param>
/// <param name="Used">The value in its place.</param>
/// <param name="Reason">Which limit it met, in words.</param>
internal sealed record LoweredOption(string Key, string Configured, string Used, string Reason);
