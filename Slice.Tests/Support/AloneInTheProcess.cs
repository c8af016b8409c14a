namespace Slice.Tests.Support;

/// <summary>Tests that measure the process: no other test runs at the same time.</summary>
[CollectionDefinition(nameof(AloneInTheProcess), DisableParallelization = true)]
public sealed class AloneInTheProcess;
