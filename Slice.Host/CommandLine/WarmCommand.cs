using Slice.Host.Control;

namespace Slice.Host.CommandLine;

/// <summary>Get objects into the cache of a running instance.</summary>
/// <param name="Order">Which objects, and which instance.</param>
public sealed record WarmCommand(WarmOrder Order) : CommandLineResult;
