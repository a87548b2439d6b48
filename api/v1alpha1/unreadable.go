package v1alpha1

// GetUnreadable returns what of the object could not be read.
func (o *FoundationTeam) GetUnreadable() []string { return o.Unreadable }

// SetUnreadable marks the object as one of which not all could be read.
func (o *FoundationTeam) SetUnreadable(values []string) { o.Unreadable = values }

// GetUnreadable returns what of the object could not be read.
func (o *FoundationProgram) GetUnreadable() []string { return o.Unreadable }

// SetUnreadable marks the object as one of which not all could be read.
func (o *FoundationProgram) SetUnreadable(values []string) { o.Unreadable = values }

// GetUnreadable returns what of the object could not be read.
func (o *GPUPool) GetUnreadable() []string { return o.Unreadable }

// SetUnreadable marks the object as one of which not all could be read.
func (o *GPUPool) SetUnreadable(values []string) { o.Unreadable = values }

// GetUnreadable returns what of the object could not be read.
func (o *TeamRecord) GetUnreadable() []string { return o.Unreadable }

// SetUnreadable marks the object as one of which not all could be read.
func (o *TeamRecord) SetUnreadable(values []string) { o.Unreadable = values }
